// One picture on the screen: a stack of slices in a viewport, with what is written over it.
import { Enums, cache } from '@cornerstonejs/core';
import type { Types } from '@cornerstonejs/core';
import { number } from './dataset.ts';
import { make } from './dom.ts';
import { Glimpse } from './glimpse.ts';
import type { Shown } from './orders.ts';
import { Overlay } from './overlay.ts';
import { OverlayDrawing } from './overlay_drawing.ts';
import { firstWindow, imageOf, isColoured, remember } from './picture.ts';
import { presetsOf } from './presets.ts';
import type { Slice, Window } from './slice.ts';
import type { Stage } from './stage.ts';
import { levelOf, rangeOf } from './voi.ts';

export interface Stack {
  study: string;
  series: string;
  label: string;
  about: string; // date and description of the study
  slices: Slice[];
  warnings: string[];
  stacks: ReadonlyMap<string, number>; // of a slice, by key; empty where there is one
  part?: { from: number; count: number }; // where these are only some of the series' slices: how many come before, how many there are
}

const { Events } = Enums;
const SLOWEST_FPS = 1;
const FASTEST_FPS = 60;
const USUAL_FPS = 12;
const PAINTED_MS = 1000; // a page that nobody sees is not painted, and waits no longer

const painted = (): Promise<void> => new Promise((done) => {
  requestAnimationFrame(() => setTimeout(done));
  setTimeout(done, PAINTED_MS);
});

export class Pane {
  readonly host: HTMLElement;
  readonly #screen = make('div', 'screen');
  readonly #glimpse = new Glimpse();
  readonly #drawing = new OverlayDrawing();
  readonly #overlay: Overlay;
  readonly #viewport: Types.IStackViewport;
  #stack: Stack | undefined;
  #index = 0;
  #cine: ReturnType<typeof setTimeout> | undefined;
  #latest = 0;
  #drawn: Stack | undefined; // what the renderer has; none when that is of another study
  #early = false; // it is not to have this stack yet
  #setting: Promise<void> = Promise.resolve(); // until it has
  onMove: (pane: Pane) => void = () => {};
  isKey: (slice: Slice) => boolean = () => false;
  onUsed: (pane: Pane) => void = () => {};

  constructor(readonly id: string, parent: HTMLElement, private readonly stage: Stage) {
    this.host = make('section', 'pane empty', this.#screen, this.#glimpse.canvas, this.#drawing.canvas);
    this.host.tabIndex = -1;
    this.#overlay = new Overlay(this.host);
    parent.append(this.host);
    this.stage.engine.enableElement({ viewportId: id, type: Enums.ViewportType.STACK, element: this.#screen as HTMLDivElement });
    this.#viewport = stage.engine.getViewport(id) as Types.IStackViewport;
    stage.add(id);
    this.#listen();
  }

  get stack(): Stack | undefined { return this.#stack; }
  get index(): number { return this.#index; }
  get slice(): Slice | undefined { return this.#stack?.slices[this.#index]; }
  get viewport(): Types.IStackViewport { return this.#viewport; }
  get playing(): boolean { return this.#cine !== undefined; }

  /** Lets the renderer get ready by drawing something, which nobody sees. */
  async warm(slice: Slice, shown: Shown): Promise<void> {
    remember([slice]);
    cache.putImageLoadObject(slice.key, { promise: Promise.resolve(imageOf(slice, shown)) });
    if (this.#stack) return;
    this.#glimpse.draw(slice, shown, firstWindow(slice, shown));
    this.#glimpse.hide();
    await this.#viewport.setStack([slice.key], 0);
  }

  /** Shows the first slices of a series that is on its way, without the renderer: that takes longer. */
  async begin(stack: Stack, at: number): Promise<void> {
    this.#take(stack, at);
    this.#early = true;
    this.refresh();
    await this.#draw(stack, this.#index);
  }

  /** Shows a stack from one of its slices on. */
  async show(stack: Stack, at = 0): Promise<void> {
    const mine = this.#take(stack, at);
    this.#overlay.busy(!this.stage.pixels.has(this.slice!.key));
    this.stage.pixels.bring(stack.slices, this.#index);
    this.#setting = this.#set(stack, mine);
    await this.#setting;
    this.refresh();
  }

  /** The same series, of which more is known: what is looked at stays. */
  async keep(stack: Stack): Promise<void> {
    await this.#setting;
    const before = this.#stack?.slices ?? [];
    const isSame = stack.slices.length === before.length && stack.slices.every((slice, place) => slice.key === before[place]!.key);
    if (!isSame) return this.show(stack, Math.max(0, stack.slices.findIndex(({ key }) => key === this.slice?.key)));
    [this.#stack, this.#drawn] = [stack, stack];
    return this.refresh();
  }

  #take(stack: Stack, at: number): number {
    this.stop();
    if (this.#stack && this.#stack.series !== stack.series) this.stage.pixels.leave(this.#stack.series);
    this.#latest += 1;
    this.#early = false;
    this.#stack = stack;
    this.#index = Math.min(Math.max(0, at), stack.slices.length - 1);
    if (this.#glimpse.of !== this.slice?.key) this.#glimpse.hide();
    remember(stack.slices);
    return this.#latest;
  }

  async #set(stack: Stack, mine: number): Promise<void> {
    try {
      const shown = await this.stage.pixels.get(this.slice!);
      if (mine !== this.#latest) return;
      if (this.#glimpse.of !== this.slice!.key) this.#glance(shown);
      await painted(); // the renderer would keep it off the screen
      if (mine !== this.#latest) return;
      await this.#viewport.setStack(stack.slices.map((slice) => slice.key), this.#index);
      if (mine !== this.#latest) return;
      this.#viewport.resetCamera();
      this.#drawn = stack;
      this.window(firstWindow(this.slice!, this.stage.pixels.has(this.slice!.key) ?? shown));
      this.#viewport.render();
      this.#overlay.failed('');
    } catch (error) {
      if (mine === this.#latest) this.#overlay.failed((error as Error).message);
    } finally {
      if (mine === this.#latest) this.#overlay.busy(false);
    }
  }

  // Draws what is here of the slice, where the renderer does not show it yet.
  #glance(shown: Shown): void {
    if (shown.key !== this.slice?.key) return;
    this.#overlay.busy(false);
    this.#glimpse.draw(this.slice, shown, firstWindow(this.slice, shown));
    this.refresh();
  }

  /** Goes to a slice; beyond the ends, to the end. */
  jump(to: number): void {
    const last = (this.#stack?.slices.length ?? 0) - 1;
    const place = Math.min(Math.max(0, to), last);
    if (last < 0 || place === this.#index) return;
    this.#index = place;
    this.#glimpse.hide();
    this.stage.pixels.bring(this.#stack!.slices, place);
    this.refresh();
    void this.#draw(this.#stack!, place);
    this.onMove(this);
  }

  // Whoever scrolls on meanwhile is not held up by what they have left.
  async #draw(stack: Stack, place: number): Promise<void> {
    const isLeft = (): boolean => stack !== this.#stack || place !== this.#index;
    try {
      const shown = await this.stage.pixels.get(stack.slices[place]!);
      if (isLeft()) return;
      if (this.#drawn !== stack) this.#glance(shown);
      if (this.#early) return;
      await this.#setting;
      if (isLeft()) return;
      await this.#viewport.setImageIdIndex(place);
      if (!isLeft()) this.#overlay.failed('');
    } catch (error) {
      if (!isLeft()) this.#overlay.failed(error instanceof Error ? error.message : String(error));
    }
    this.refresh();
  }

  step(by: number): void { this.jump(this.#index + by); }

  window({ center, width }: Window): void {
    if (!this.slice || !this.#drawn || isColoured(this.slice)) return;
    const { curve } = this.slice;
    const { LINEAR, SAMPLED_SIGMOID } = Enums.VOILUTFunctionType;
    // an exact line is a line between two values like any other
    this.#viewport.setProperties({ voiRange: rangeOf({ center, width }, curve), VOILUTFunction: curve === 'SIGMOID' ? SAMPLED_SIGMOID : LINEAR });
    this.#viewport.render();
    this.refresh();
  }

  /** A window by its values or by a preset's name; whether there is such a preset. */
  hangWindow(asked: string | { center: number; width: number }): boolean {
    const found = typeof asked === 'string' ? this.presets().find((one) => one.label === asked) : { ...asked, label: '' };
    if (found) this.window(found);
    return found !== undefined;
  }

  /** Preset by its number key; 0 is the image's own window. */
  preset(key: number): void {
    const shown = this.slice && this.stage.pixels.has(this.slice.key);
    if (!this.slice || !shown) return;
    const own = firstWindow(this.slice, shown);
    const chosen = key === 0 ? own : presetsOf(this.slice.modality, own)[key - 1];
    if (chosen) this.window(chosen);
  }

  presets(): Window[] {
    const shown = this.slice && this.stage.pixels.has(this.slice.key);
    return this.slice && shown && !isColoured(this.slice) ? presetsOf(this.slice.modality, firstWindow(this.slice, shown)) : [];
  }

  invert(): void {
    if (!this.#drawn) return;
    this.#viewport.setProperties({ invert: !this.#viewport.getProperties().invert });
    this.#viewport.render();
  }

  turn(): void {
    if (!this.#drawn) return;
    const { rotation = 0 } = this.#viewport.getViewPresentation();
    this.#viewport.setViewPresentation({ rotation: (rotation + 90) % 360 });
    this.#viewport.render();
  }

  mirror(way: 'flipHorizontal' | 'flipVertical'): void {
    if (!this.#drawn) return;
    this.#viewport.setCamera({ [way]: !this.#viewport.getCamera()[way] });
    this.#viewport.render();
  }

  reset(): void {
    if (!this.#drawn) return;
    const invert = this.slice?.samples.photometric === 'MONOCHROME1';
    this.#viewport.setCamera({ flipHorizontal: false, flipVertical: false });
    this.#viewport.setViewPresentation({ rotation: 0 });
    this.#viewport.resetCamera();
    this.#viewport.setProperties({ invert });
    this.preset(0);
    this.#viewport.render();
  }

  resized(): void { this.refresh(); }

  play(): void {
    if (this.playing) return this.stop();
    if ((this.#stack?.slices.length ?? 0) < 2) return;
    const wait = 1000 / this.#framesPerSecond();
    const next = (): void => {
      // a frame that is not here yet is waited for, not skipped
      const here = this.slice && this.stage.pixels.has(this.slice.key);
      if (here) this.jump((this.#index + 1) % this.#stack!.slices.length);
      this.#cine = setTimeout(next, wait);
    };
    this.#cine = setTimeout(next, wait);
    this.refresh();
  }

  stop(): void {
    clearTimeout(this.#cine);
    this.#cine = undefined;
    this.refresh();
  }

  /** A better picture of one of our slices has come. */
  better(shown: Shown): void {
    const slice = this.#stack?.slices.find((one) => one.key === shown.key);
    if (!slice) return;
    if (this.#early || this.#glimpse.of === shown.key) this.#glance(shown);
    if (cache.getImageLoadObject(slice.key)) cache.removeImageLoadObject(slice.key);
    if (slice.key !== this.#viewport.getCurrentImageId()) return;
    const image = imageOf(slice, shown);
    cache.putImageLoadObject(slice.key, { promise: Promise.resolve(image) });
    this.#viewport.renderImageObject(image);
    this.stage.remeasure(slice.key);
    this.#viewport.render();
    this.refresh();
  }

  mark(active: boolean): void { this.host.classList.toggle('active', active); }

  /** Shows nothing, and is ready for another study. */
  clear(): void {
    this.stop();
    if (this.#stack) this.stage.pixels.leave(this.#stack.series);
    this.#latest += 1;
    [this.#stack, this.#drawn] = [undefined, undefined];
    this.#glimpse.hide();
    this.#overlay.clear();
    void this.#drawing.draw(undefined, undefined, () => {});
    this.host.classList.remove('failed', 'behind');
    this.host.classList.add('empty');
  }

  close(): void {
    this.clear();
    this.stage.remove(this.id);
    this.stage.engine.disableElement(this.id);
    this.host.remove();
  }

  refresh(): void {
    if (!this.#stack || !this.slice) return;
    this.host.classList.toggle('empty', !this.#drawn);
    this.#overlay.write({
      stack: this.#stack, slice: this.slice, index: this.#index, playing: this.playing, key: this.isKey(this.slice),
      window: this.#window(),
      preview: (this.stage.pixels.has(this.slice.key)?.reductions ?? 0) > 0,
      zoom: this.#zoom(), problem: this.#drawing.problem(this.slice),
    });
    this.#overlay.letters(this.slice, this.#ways());
    const isHere = this.#drawn === this.#stack && this.#viewport.getCornerstoneImage()?.imageId === this.slice.key;
    void this.#drawing.draw(this.slice, isHere ? (world) => this.#viewport.worldToCanvas(world) : undefined, () => this.refresh());
    this.#overlay.behind(this.#glimpse.of !== this.slice.key && this.#viewport.getCornerstoneImage()?.imageId !== this.slice.key);
  }

  #window(): { center: number; width: number } | undefined {
    if (!this.slice || isColoured(this.slice)) return undefined;
    const shown = this.stage.pixels.has(this.slice.key);
    if (this.#drawn !== this.#stack) return shown && firstWindow(this.slice, shown);
    const range = this.#viewport.getProperties().voiRange;
    return range && levelOf(range, this.slice.curve);
  }

  // Pixels of the screen for one of the image.
  #zoom(): number | undefined {
    if (this.#drawn !== this.#stack || !this.slice) return undefined;
    const { right, down } = this.#ways();
    const step = Math.hypot(...(right ?? [0, 0, 0]));
    return down && step ? this.slice.spacing.column / step : undefined;
  }

  // Where one pixel of the screen to the right, and one down, lead in the patient.
  #ways(): { right?: Types.Point3; down?: Types.Point3 } {
    if (this.#drawn !== this.#stack) return this.slice ? { right: this.slice.plane.right, down: this.slice.plane.down } : {};
    const [from, right, down] = ([[0, 0], [1, 0], [0, 1]] as Types.Point2[]).map((place) => this.#viewport.canvasToWorld(place)) as [Types.Point3, Types.Point3, Types.Point3];
    const way = (to: Types.Point3): Types.Point3 => [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
    return { right: way(right), down: way(down) };
  }

  #framesPerSecond(): number {
    const ds = this.slice?.document;
    const said = number(ds, '00082144') ?? number(ds, '00180040') ?? 1000 / (number(ds, '00181063') ?? NaN);
    return Number.isFinite(said) ? Math.min(FASTEST_FPS, Math.max(SLOWEST_FPS, said)) : USUAL_FPS;
  }

  #listen(): void {
    const screen = this.#screen;
    screen.addEventListener('contextmenu', (event) => event.preventDefault());
    this.host.addEventListener('pointerdown', () => this.onUsed(this), { capture: true });
    let turned = 0;
    this.host.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.onUsed(this);
      // a mouse turns by notches of a hundred or so, a touch pad by a few at a time
      turned += event.deltaMode ? event.deltaY * 40 : event.deltaY;
      const steps = Math.abs(event.deltaY) >= 50 || event.deltaMode ? Math.sign(event.deltaY) : Math.trunc(turned / 25);
      if (!steps) return;
      turned = 0;
      this.step(steps);
    }, { passive: false });
    for (const name of [Events.VOI_MODIFIED, Events.CAMERA_MODIFIED, Events.IMAGE_RENDERED]) screen.addEventListener(name, () => this.refresh());
    screen.addEventListener(Events.IMAGE_RENDERED, () => {
      if (this.#drawn === this.#stack && this.#viewport.getCornerstoneImage()?.imageId === this.slice?.key) this.#glimpse.hide();
    });
    screen.addEventListener(Events.STACK_NEW_IMAGE, () => {
      const place = this.#viewport.getTargetImageIdIndex();
      if (!this.#stack || this.#drawn !== this.#stack) return;
      if (place === this.#index || place !== this.#viewport.getCurrentImageIdIndex()) return;
      this.#index = place; // a finger scrolled
      this.stage.pixels.bring(this.#stack!.slices, place);
      this.refresh();
      this.onMove(this);
    });
  }
}
