// Overlay planes drawn over a picture, wherever it lies on the screen.
import { make } from './dom.ts';
import { maskOf, overlaysOf } from './overlays.ts';
import type { OverlayPlane } from './overlays.ts';
import { pointOf } from './slice.ts';
import type { Slice } from './slice.ts';
import type { Place } from './spacing.ts';

type Point = [number, number];
export type ToCanvas = (world: [number, number, number]) => ArrayLike<number>;
const COLOUR = [255, 196, 87, 255];
const KEPT = 200; // slices

async function bitsOf(plane: OverlayPlane): Promise<Uint8Array> {
  if (plane.inline) return Uint8Array.from(atob(plane.inline), (letter) => letter.charCodeAt(0));
  const answer = await fetch(plane.address, { headers: { Accept: 'application/octet-stream' } });
  if (!answer.ok) throw new Error(`the server said ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function drawn(plane: OverlayPlane): Promise<OffscreenCanvas> {
  const mask = maskOf(plane, await bitsOf(plane));
  const image = new ImageData(plane.columns, plane.rows);
  for (const [place, one] of mask.entries()) if (one) image.data.set(COLOUR, place * 4);
  const canvas = new OffscreenCanvas(plane.columns, plane.rows);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
  return canvas;
}

type Drawn = { plane: OverlayPlane; picture: OffscreenCanvas }[];
const kept = new Map<string, Promise<Drawn>>();

function drawnOf(slice: Slice, planes: readonly OverlayPlane[]): Promise<Drawn> {
  const known = kept.get(slice.key);
  if (known) return known;
  const made = Promise.all(planes.map(async (plane) => ({ plane, picture: await drawn(plane) })));
  kept.set(slice.key, made);
  for (const [oldest] of kept) if (kept.size > KEPT) kept.delete(oldest);
  return made;
}

export class OverlayDrawing {
  readonly canvas = make('canvas', 'glimpse overlays');
  #latest = 0;
  #before = '';
  readonly #problems = new Map<string, string>(); // by slice

  /** What is to be warned of; empty for nothing. */
  problem(slice: Slice): string { return this.#problems.get(slice.key) ?? ''; }

  /** Draws what lies on the slice, whose picture is where `toCanvas` says; nothing without one. `failed`: there is a problem. */
  async draw(slice: Slice | undefined, toCanvas: ToCanvas | undefined, failed: () => void): Promise<void> {
    const planes = slice && toCanvas ? overlaysOf(slice.document, slice.frame) : [];
    this.canvas.hidden = !planes.length;
    if (!slice || !toCanvas || !planes.length) {
      this.#before = '';
      return;
    }
    const [from, right, down] = ([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5]] as Place[]).map((place) => Array.from(toCanvas(pointOf(slice, place))) as Point) as [Point, Point, Point];
    const { clientWidth, clientHeight } = this.canvas;
    const now = [slice.key, from, right, down, clientWidth, clientHeight].join();
    if (now === this.#before) return;
    this.#before = now;
    this.#latest += 1;
    const mine = this.#latest;
    try {
      const pictures = await drawnOf(slice, planes);
      if (mine === this.#latest) this.#paint(pictures, from, right, down);
    } catch (error) {
      this.#problems.set(slice.key, `An overlay is not shown: ${(error as Error).message}`);
      if (mine === this.#latest) failed();
    }
  }

  #paint(pictures: Drawn, from: Point, right: Point, down: Point): void {
    const { canvas } = this;
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    const context = canvas.getContext('2d')!;
    context.imageSmoothingEnabled = false;
    context.scale(devicePixelRatio, devicePixelRatio);
    context.transform(right[0] - from[0], right[1] - from[1], down[0] - from[0], down[1] - from[1], from[0], from[1]);
    for (const { plane, picture } of pictures) context.drawImage(picture, plane.column, plane.row);
  }
}
