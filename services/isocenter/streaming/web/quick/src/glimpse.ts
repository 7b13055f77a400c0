// A slice drawn on a plain canvas, where and as the renderer will draw it: there before the renderer is, and gone with it.
import { make } from './dom.ts';
import type { Shown } from './orders.ts';
import { isColoured } from './picture.ts';
import type { Slice, Window } from './slice.ts';
import { shading } from './voi.ts';

// drawn once or twice and by the processor: there is no waiting for what draws with shaders, nor for its start
const PLAIN: CanvasRenderingContext2DSettings = { alpha: false, willReadFrequently: true };

/** Greys of a window or colours, as bytes of red, green, blue and opacity. */
function coloured(slice: Slice, { values, columns }: Shown, window: Window): ImageData {
  const parts = isColoured(slice) ? 3 : 1;
  const count = values.length / parts;
  const made = new ImageData(columns, count / columns);
  const inverted = slice.samples.photometric === 'MONOCHROME1';
  const shade = shading(window, slice.curve);
  for (let place = 0, to = 0; place < count; place += 1, to += 4) {
    if (parts === 3) {
      for (let part = 0; part < 3; part += 1) made.data[to + part] = values[place * 3 + part]!;
    } else {
      const grey = shade(values[place]!); // the array keeps it between 0 and 255
      const seen = inverted ? 255 - grey : grey;
      made.data[to] = seen;
      made.data[to + 1] = seen;
      made.data[to + 2] = seen;
    }
    made.data[to + 3] = 255;
  }
  return made;
}

export class Glimpse {
  readonly canvas = make('canvas', 'glimpse');

  constructor() { this.canvas.hidden = true; }

  /** Key of the slice that is seen, empty for none. */
  get of(): string { return this.canvas.hidden ? '' : this.canvas.dataset['of'] ?? ''; }

  draw(slice: Slice, shown: Shown, window: Window): void {
    const { canvas } = this;
    canvas.hidden = false;
    const [width, height] = [canvas.clientWidth * devicePixelRatio, canvas.clientHeight * devicePixelRatio].map(Math.round) as [number, number];
    canvas.width = width;
    canvas.height = height;
    const small = coloured(slice, shown, window);
    const source = new OffscreenCanvas(small.width, small.height);
    source.getContext('2d', PLAIN)!.putImageData(small, 0, 0);
    const { rows, columns } = slice.samples;
    const [across, down] = [columns * slice.spacing.column, rows * slice.spacing.row];
    const fit = Math.min(width / across, height / down); // device pixels for a unit of length, the whole picture seen
    const context = canvas.getContext('2d', PLAIN)!;
    context.translate((width - across * fit) / 2, (height - down * fit) / 2);
    context.scale(slice.spacing.column * fit, slice.spacing.row * fit);
    context.beginPath();
    context.rect(0, 0, columns, rows);
    context.clip();
    // sample k lies where sample k·2ⁿ of the whole one does, and both are drawn round their middle
    const step = 2 ** shown.reductions;
    context.drawImage(source, 0.5 - 0.5 * step, 0.5 - 0.5 * step, small.width * step, small.height * step);
    canvas.dataset['of'] = slice.key;
    canvas.dataset['reductions'] = String(shown.reductions);
  }

  hide(): void { this.canvas.hidden = true; }
}
