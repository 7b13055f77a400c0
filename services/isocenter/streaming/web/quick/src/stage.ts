// The renderer, started once: its engine, its tools and which of them the first mouse button or finger holds.
import { RenderingEngine, init as startRenderer } from '@cornerstonejs/core';
import * as tools from '@cornerstonejs/tools';
import { measuringTools } from './measuring.ts';
import { register } from './picture.ts';
import { Pixels } from './pixels.ts';

export const ENGINE = 'quick';
const GROUP = 'quick';
const { MouseBindings } = tools.Enums;
const BUDGET_BYTES = 900e6;
const SMALL_BUDGET_BYTES = 300e6;

export const HOLDABLE = ['StackScroll', 'WindowLevel', 'Zoom', 'Pan', 'Length', 'Angle', 'EllipticalROI', 'RectangleROI'] as const;
export type Holdable = (typeof HOLDABLE)[number];

export const isTouch = (): boolean => matchMedia('(pointer: coarse)').matches;

export class Stage {
  readonly engine: RenderingEngine;
  readonly pixels: Pixels;
  readonly #group: tools.Types.IToolGroup;
  #held: Holdable = 'WindowLevel';

  constructor() {
    startRenderer();
    tools.init();
    this.pixels = new Pixels(Math.min(4, Math.max(2, (navigator.hardwareConcurrency || 2) - 1)), isTouch() ? SMALL_BUDGET_BYTES : BUDGET_BYTES);
    register(this.pixels);
    this.engine = new RenderingEngine(ENGINE);
    this.#group = tools.ToolGroupManager.createToolGroup(GROUP)!;
    const { WindowLevelTool, PanTool, ZoomTool, StackScrollTool } = tools;
    for (const tool of [WindowLevelTool, PanTool, ZoomTool, StackScrollTool]) {
      tools.addTool(tool);
      this.#group.addTool(tool.toolName);
    }
    for (const { tool, settings } of measuringTools(this.pixels)) {
      tools.addTool(tool);
      this.#group.addTool(tool.toolName, settings);
    }
    this.#style();
    this.hold(isTouch() ? 'StackScroll' : 'WindowLevel');
  }

  get held(): Holdable { return this.#held; }

  add(viewport: string): void { this.#group.addViewport(viewport, ENGINE); }

  remove(viewport: string): void { this.#group.removeViewports(ENGINE, viewport); }

  /** Gives a tool to the first mouse button and finger; zoom and pan keep theirs beside it. */
  hold(name: Holdable): void {
    this.#held = name;
    for (const one of HOLDABLE) this.#group.setToolPassive(one, { removeAllBindings: true });
    const first = { mouseButton: MouseBindings.Primary };
    const bindings: Record<string, object[]> = {
      Zoom: [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }],
      Pan: [{ mouseButton: MouseBindings.Auxiliary }],
    };
    bindings[name] = [first, ...(bindings[name] ?? [])];
    for (const [tool, given] of Object.entries(bindings)) this.#group.setToolActive(tool, { bindings: given });
  }

  /** Removes the measurement that is selected, else the newest; whether there was one. */
  removeMeasurement(): boolean {
    const all = tools.annotation.state.getAllAnnotations();
    const uid = tools.annotation.selection.getAnnotationsSelected()[0] ?? all.at(-1)?.annotationUID;
    if (!uid) return false;
    tools.annotation.state.removeAnnotation(uid);
    this.engine.render();
    return true;
  }

  /** Measurements on an image are counted again: it has become a better one. */
  remeasure(key: string): void {
    for (const one of tools.annotation.state.getAllAnnotations()) {
      if (one.metadata?.referencedImageId === key) one.invalidated = true;
    }
  }

  #style(): void {
    const style = tools.annotation.config.style.getDefaultToolStyles();
    tools.annotation.config.style.setDefaultToolStyles({
      ...style,
      global: {
        ...style.global,
        color: 'rgb(255, 196, 87)', colorHighlighted: 'rgb(120, 222, 245)', colorSelected: 'rgb(120, 222, 245)', colorLocked: 'rgb(255, 196, 87)',
        lineWidth: '1.5', textBoxColor: 'rgb(255, 196, 87)', textBoxColorHighlighted: 'rgb(120, 222, 245)', textBoxColorSelected: 'rgb(120, 222, 245)',
        textBoxFontFamily: 'system-ui, "Noto Sans", sans-serif', textBoxFontSize: '13px', textBoxBackground: 'rgba(8, 13, 16, .72)', shadow: true,
      },
    });
  }
}
