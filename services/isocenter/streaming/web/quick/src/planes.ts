// Three planes of a volume with a cross that goes through them, and the volume in space when it is asked for.
import { Enums, cache, setVolumesForViewports, utilities, volumeLoader } from '@cornerstonejs/core';
import type { Types } from '@cornerstonejs/core';
import * as tools from '@cornerstonejs/tools';
import { button, make } from './dom.ts';
import { lettersOf, opposite } from './letters.ts';
import { measuringTools } from './measuring.ts';
import { wholeKey } from './picture.ts';
import type { Slice } from './slice.ts';
import { ENGINE } from './stage.ts';
import type { Holdable, Stage } from './stage.ts';

const GROUP = 'planes';
const SPACE_GROUP = 'space';
const { MouseBindings } = tools.Enums;
const AXES = ['axial', 'coronal', 'sagittal'] as const;
const COLOURS: Record<string, string> = { axial: 'rgb(64, 184, 216)', coronal: 'rgb(140, 200, 90)', sagittal: 'rgb(255, 181, 69)' };
const SPACE = 'space';
const PRESETS: Record<string, [string, string][]> = {
  CT: [['Bone', 'CT-Bone'], ['Vessels', 'CT-Coronary-Arteries-3'], ['Soft tissue', 'CT-Soft-Tissue'], ['Lung', 'CT-Lung']],
  MR: [['Default', 'MR-Default'], ['Angiography', 'MR-Angio'], ['MIP', 'MR-MIP']],
};
const SLABS: [string, number, Enums.BlendModes][] = [
  ['Thin', 0.1, Enums.BlendModes.COMPOSITE], ['10 mm mean', 10, Enums.BlendModes.AVERAGE_INTENSITY_BLEND],
  ['10 mm MIP', 10, Enums.BlendModes.MAXIMUM_INTENSITY_BLEND], ['20 mm MIP', 20, Enums.BlendModes.MAXIMUM_INTENSITY_BLEND],
  ['10 mm MinIP', 10, Enums.BlendModes.MINIMUM_INTENSITY_BLEND],
];

export class Planes {
  readonly #host = make('div', 'planes');
  readonly #volume: string;
  readonly #group: tools.Types.IToolGroup;
  #space = false;
  #closed = false;
  #thickness = ''; // what is told of it, empty for thin

  constructor(private readonly stage: Stage, parent: HTMLElement, private readonly slices: readonly Slice[], label: string) {
    this.#volume = `cornerstoneStreamingImageVolume:${slices[0]!.series}:${slices[0]!.key}`;
    parent.append(this.#host);
    this.#group = this.#toolGroup();
    for (const axis of AXES) this.#cell(axis, label);
    this.#host.append(this.#spaceCell());
  }

  /** Shows the volume in this range of values; slices come as they are whole. */
  async show(range: { lower: number; upper: number }): Promise<void> {
    const volume = await volumeLoader.createAndCacheVolume(this.#volume, { imageIds: this.slices.map(wholeKey) });
    if (this.#closed) return;
    await setVolumesForViewports(this.stage.engine, [{ volumeId: this.#volume }], [...AXES]);
    if (this.#closed) return;
    (volume as unknown as { load: (callback: () => void) => void }).load(() => this.#here());
    this.window(range);
    for (const axis of AXES) this.#group.addViewport(axis, ENGINE);
    this.hold('StackScroll');
    this.#letters();
  }

  window(range: { lower: number; upper: number }): void {
    for (const view of this.#views()) view.setProperties({ voiRange: range });
    this.stage.engine.renderViewports([...AXES]);
  }

  /** As the stage's: scrolling is the wheel's here, and the first button moves the cross instead. */
  hold(name: Holdable): void {
    const held = name === 'StackScroll' ? tools.CrosshairsTool.toolName : name;
    if (!this.#group.hasTool(held)) return;
    for (const one of Object.keys(this.#group.getToolInstances())) this.#group.setToolPassive(one, { removeAllBindings: true });
    const bindings: Record<string, object[]> = {
      [tools.StackScrollTool.toolName]: [{ mouseButton: MouseBindings.Wheel }],
      [tools.ZoomTool.toolName]: [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }],
      [tools.PanTool.toolName]: [{ mouseButton: MouseBindings.Auxiliary }],
    };
    bindings[held] = [{ mouseButton: MouseBindings.Primary }, ...(bindings[held] ?? [])];
    for (const [tool, given] of Object.entries(bindings)) this.#group.setToolActive(tool, { bindings: given });
  }

  /** Scrolls the plane that the pointer is over, else the axial one. */
  step(by: number): void {
    const over = this.#views().find((view) => view.element.matches(':hover'));
    (over ?? this.#views()[0]!).scroll(by);
  }

  reset(): void {
    for (const view of this.#views()) view.resetCamera();
    this.#slab(SLABS[0]!);
  }

  close(): void {
    this.#closed = true;
    for (const id of [GROUP, SPACE_GROUP]) tools.ToolGroupManager.destroyToolGroup(id);
    for (const id of [...AXES, ...(this.#space ? [SPACE] : [])]) this.stage.engine.disableElement(id);
    if (cache.getVolumeLoadObject(this.#volume)) cache.removeVolumeLoadObject(this.#volume);
    this.#host.remove();
  }

  #views(): Types.IVolumeViewport[] {
    return AXES.map((axis) => this.stage.engine.getViewport(axis) as Types.IVolumeViewport);
  }

  #toolGroup(): tools.Types.IToolGroup {
    const group = tools.ToolGroupManager.createToolGroup(GROUP)!;
    for (const tool of [tools.WindowLevelTool, tools.PanTool, tools.ZoomTool, tools.StackScrollTool]) group.addTool(tool.toolName);
    for (const { tool, settings } of measuringTools(this.stage.pixels).slice(0, 2)) group.addTool(tool.toolName, settings);
    tools.addTool(tools.CrosshairsTool);
    group.addTool(tools.CrosshairsTool.toolName, {
      getReferenceLineColor: (id: string) => COLOURS[id], getReferenceLineControllable: () => true,
      getReferenceLineDraggableRotatable: () => true, getReferenceLineSlabThicknessControlsOn: () => false,
    });
    return group;
  }

  #cell(axis: (typeof AXES)[number], label: string): void {
    const screen = make('div', 'screen');
    const name = make('div', 'corner top-left', make('div', `axis ${axis}`, axis), make('div', '', label));
    const state = make('div', 'corner bottom-left');
    const edges = ['left', 'right', 'top', 'bottom'].map((edge) => make('div', `letter at-${edge}`));
    this.#host.append(make('section', 'pane', screen, name, state, ...edges));
    screen.addEventListener('contextmenu', (event) => event.preventDefault());
    this.stage.engine.enableElement({
      viewportId: axis, type: Enums.ViewportType.ORTHOGRAPHIC, element: screen,
      defaultOptions: { orientation: axis as Enums.OrientationAxis, background: [0, 0, 0] },
    });
    for (const event of [Enums.Events.CAMERA_MODIFIED, Enums.Events.VOI_MODIFIED]) screen.addEventListener(event, () => this.#letters());
  }

  #spaceCell(): HTMLElement {
    const screen = make('div', 'screen');
    const presets = PRESETS[this.slices[0]!.modality] ?? PRESETS['MR']!;
    const space = presets.map(([label, preset]) => button('', label, () => void this.#inSpace(screen, preset)));
    const slabs = SLABS.map((slab) => button('', slab[0], () => this.#slab(slab)));
    const state = make('p', 'loading');
    const choices = make('div', 'choices', make('h2', '', 'Thickness of the planes'), make('div', '', ...slabs), make('h2', '', 'In space'), make('div', '', ...space), state);
    screen.addEventListener('contextmenu', (event) => event.preventDefault());
    return make('section', 'pane', screen, choices);
  }

  #slab([name, thickness, mode]: (typeof SLABS)[number]): void {
    this.#thickness = name === SLABS[0]![0] ? '' : name;
    for (const view of this.#views()) {
      view.setBlendMode(mode);
      view.setSlabThickness(thickness);
    }
    this.stage.engine.renderViewports([...AXES]);
    this.#letters();
  }

  async #inSpace(element: HTMLDivElement, preset: string): Promise<void> {
    if (!this.#space) {
      this.#space = true;
      this.#host.dataset['space'] = 'yes';
      this.stage.engine.enableElement({ viewportId: SPACE, type: Enums.ViewportType.VOLUME_3D, element, defaultOptions: { orientation: Enums.OrientationAxis.CORONAL, background: [0, 0, 0] } });
      await setVolumesForViewports(this.stage.engine, [{ volumeId: this.#volume }], [SPACE]);
      const group = tools.ToolGroupManager.createToolGroup(SPACE_GROUP)!;
      tools.addTool(tools.TrackballRotateTool);
      for (const tool of [tools.TrackballRotateTool, tools.ZoomTool, tools.PanTool]) group.addTool(tool.toolName);
      group.addViewport(SPACE, ENGINE);
      group.setToolActive(tools.TrackballRotateTool.toolName, { bindings: [{ mouseButton: MouseBindings.Primary }] });
      group.setToolActive(tools.ZoomTool.toolName, { bindings: [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }] });
      group.setToolActive(tools.PanTool.toolName, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] });
    }
    const view = this.stage.engine.getViewport(SPACE) as Types.IVolumeViewport;
    view.setProperties({ preset });
    view.render();
  }

  // All slices are whole.
  #here(): void {
    if (this.#closed) return;
    this.#host.dataset['whole'] = 'yes';
    this.stage.engine.renderViewports([...AXES]);
  }

  #letters(): void {
    if (this.#closed) return;
    for (const view of this.#views()) {
      const pane = view.element.parentElement!;
      const [from, right, down] = ([[0, 0], [1, 0], [0, 1]] as Types.Point2[]).map((place) => view.canvasToWorld(place)) as [Types.Point3, Types.Point3, Types.Point3];
      const letters = ([right, down]).map((to) => lettersOf([to[0] - from[0], to[1] - from[1], to[2] - from[2]])) as [string, string];
      const words = [opposite(letters[0]), letters[0], opposite(letters[1]), letters[1]];
      pane.querySelectorAll('.letter').forEach((edge, place) => { edge.textContent = words[place] ?? ''; });
      const range = view.getProperties()?.voiRange;
      const window = range && utilities.windowLevel.toWindowLevel(range.lower, range.upper);
      pane.querySelector('.bottom-left')!.textContent = [this.#thickness, window ? `W ${Math.round(window.windowWidth)} L ${Math.round(window.windowCenter)}` : ''].filter(Boolean).join(' · ');
    }
  }
}
