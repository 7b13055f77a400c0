// From the bytes of a decoded frame to the values that are shown and measured. Pure; runs in the worker.
import type { Samples } from './slice.ts';

export type Values = Uint8Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

export interface Scale { readonly slope: number; readonly intercept: number }

class CannotBeShown extends Error {}

/** Stored samples of grey frames, little endian, without whatever lies above Bits Stored. */
function stored(bytes: Uint8Array<ArrayBuffer>, samples: Samples): ArrayLike<number> {
  const { allocated, stored: bits, signed } = samples;
  const count = samples.rows * samples.columns;
  if (allocated === 1) {
    if (bytes.length * 8 < count) throw new CannotBeShown('the frame is too short');
    return Uint8Array.from({ length: count }, (_, place) => (bytes[place >> 3]! >> (place & 7)) & 1);
  }
  if (bytes.length < count * (allocated / 8)) throw new CannotBeShown('the frame is too short');
  const aligned = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  const [buffer, start] = [aligned.buffer, aligned.byteOffset];
  if (allocated === 8) return trimmed(signed ? new Int8Array(buffer, start, count) : new Uint8Array(buffer, start, count), 8, bits, signed);
  if (allocated === 16) return trimmed(signed ? new Int16Array(buffer, start, count) : new Uint16Array(buffer, start, count), 16, bits, signed);
  if (allocated === 32) return signed ? new Int32Array(buffer, start, count) : new Uint32Array(buffer, start, count);
  throw new CannotBeShown(`samples of ${allocated} bits`);
}

type Small = Int8Array | Uint8Array | Int16Array | Uint16Array;

function trimmed(found: Small, allocated: number, bits: number, signed: boolean): Small {
  if (bits >= allocated) return found;
  const above = 32 - bits;
  // the upper bits may hold an overlay, or repeat the sign
  for (let place = 0; place < found.length; place += 1) {
    const moved = found[place]! << above;
    found[place] = signed ? moved >> above : moved >>> above;
  }
  return found;
}

/** The array that holds every value this frame's samples can have; the same for all frames of its kind. */
export function emptyFor(samples: Samples, { slope, intercept }: Scale, count: number): Values {
  const bits = samples.allocated === 1 ? 1 : samples.stored;
  const lowest = samples.signed ? -(2 ** (bits - 1)) : 0;
  const highest = samples.signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const ends = [lowest * slope + intercept, highest * slope + intercept];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  if (!Number.isInteger(slope) || !Number.isInteger(intercept)) return new Float32Array(count);
  if (low >= 0 && high <= 255) return new Uint8Array(count);
  if (low >= -32768 && high <= 32767) return new Int16Array(count);
  if (low >= 0 && high <= 65535) return new Uint16Array(count);
  return new Float32Array(count);
}

/** Values of a grey frame: stored samples through slope and intercept. */
export function greyValues(bytes: Uint8Array<ArrayBuffer>, samples: Samples, scale: Scale): Values {
  return through(stored(bytes, samples), samples, scale);
}

/** Values of samples that a codec gave, of which every one is already right. */
export function through(found: ArrayLike<number>, samples: Samples, scale: Scale): Values {
  const out = emptyFor(samples, scale, found.length);
  const { slope, intercept } = scale;
  for (let place = 0; place < found.length; place += 1) out[place] = found[place]! * slope + intercept;
  return out;
}

/** Red, green, blue by pixel, of 8 bits. */
export function colourValues(bytes: Uint8Array<ArrayBuffer>, samples: Samples, planar: boolean): Uint8Array<ArrayBuffer> {
  const count = samples.rows * samples.columns;
  if (samples.allocated !== 8) throw new CannotBeShown(`colours of ${samples.allocated} bits`);
  if (bytes.length < count * 3) throw new CannotBeShown('the frame is too short');
  if (!planar) return bytes.slice(0, count * 3);
  const out = new Uint8Array(count * 3);
  for (let place = 0; place < count; place += 1) {
    for (let colour = 0; colour < 3; colour += 1) out[place * 3 + colour] = bytes[colour * count + place]!;
  }
  return out;
}

/**
 * A reduced picture on the grid of the whole one, so that nothing measured or drawn moves when it is refined.
 * Sample k of a picture reduced n times lies where sample k·2ⁿ of the whole one does (PS3.5 10.18; 5-3 wavelet).
 */
export function enlarged(small: Values, smallColumns: number, rows: number, columns: number, reductions: number, parts = 1): Values {
  const out = new (small.constructor as new (count: number) => Values)(rows * columns * parts);
  const smallRows = small.length / smallColumns / parts;
  const step = 1 / 2 ** reductions;
  for (let row = 0; row < rows; row += 1) {
    const top = Math.min(Math.floor(row * step), smallRows - 1);
    const below = Math.min(top + 1, smallRows - 1);
    const down = Math.min(row * step - top, 1);
    for (let column = 0; column < columns; column += 1) {
      const left = Math.min(Math.floor(column * step), smallColumns - 1);
      const beside = Math.min(left + 1, smallColumns - 1);
      const over = Math.min(column * step - left, 1);
      for (let part = 0; part < parts; part += 1) {
        const at = (y: number, x: number): number => small[(y * smallColumns + x) * parts + part]!;
        const above = at(top, left) * (1 - over) + at(top, beside) * over;
        const under = at(below, left) * (1 - over) + at(below, beside) * over;
        out[(row * columns + column) * parts + part] = above * (1 - down) + under * down;
      }
    }
  }
  return out;
}

/** Lowest and highest, and a window that leaves out the outermost values: for images that ask for none. */
export function range(values: Values): { low: number; high: number; from: number; to: number } {
  let [low, high] = [Infinity, -Infinity];
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const some: number[] = [];
  for (let place = 0; place < values.length; place += 1) {
    const value = values[place]!;
    if (value < low) low = value;
    if (value > high) high = value;
    if (place % step === 0) some.push(value);
  }
  some.sort((a, b) => a - b);
  const [from, to] = [some[Math.floor(some.length * 0.01)] ?? low, some[Math.floor(some.length * 0.99)] ?? high];
  return { low, high, from, to };
}
