// From the bytes of a decoded frame to the values that are shown and measured. Pure; runs in the worker.
import type { Lut } from './luts.ts';
import type { Samples } from './slice.ts';

export type Values = Uint8Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** What stored values mean: by a line, or by a table. */
export interface Scale { readonly slope: number; readonly intercept: number; readonly lut?: Lut | undefined }

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
export function emptyFor(samples: Samples, { slope, intercept, lut }: Scale, count: number): Values {
  if (lut) return lut.bits > 8 ? new Uint16Array(count) : new Uint8Array(count);
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

/** Values of a grey frame: stored samples through slope and intercept, or through the entries of a table. */
export function greyValues(bytes: Uint8Array<ArrayBuffer>, samples: Samples, scale: Scale, entries?: Uint16Array): Values {
  return through(stored(bytes, samples), samples, scale, entries);
}

/** Values of samples that a codec gave, of which every one is already right. */
export function through(found: ArrayLike<number>, samples: Samples, scale: Scale, entries?: Uint16Array): Values {
  const out = emptyFor(samples, scale, found.length);
  const { slope, intercept, lut } = scale;
  if (lut && entries) {
    const last = entries.length - 1;
    for (let place = 0; place < found.length; place += 1) out[place] = entries[Math.min(Math.max(found[place]! - lut.first, 0), last)]!;
    return out;
  }
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
  const across = between(columns, smallColumns, reductions);
  const down = between(rows, small.length / smallColumns / parts, reductions);
  const line = smallColumns * parts;
  for (let row = 0, to = 0; row < rows; row += 1) {
    const [top, below, far] = [down.low[row]! * line, down.high[row]! * line, down.part[row]!];
    for (let column = 0; column < columns; column += 1) {
      const [left, beside, over] = [across.low[column]! * parts, across.high[column]! * parts, across.part[column]!];
      for (let part = 0; part < parts; part += 1, to += 1) {
        const above = small[top + left + part]! * (1 - over) + small[top + beside + part]! * over;
        const under = small[below + left + part]! * (1 - over) + small[below + beside + part]! * over;
        out[to] = above * (1 - far) + under * far;
      }
    }
  }
  return out;
}

// Between which two samples of a reduced line each of the whole one lies, and how near to the second.
function between(count: number, smallCount: number, reductions: number): { low: Int32Array; high: Int32Array; part: Float32Array } {
  const [low, high, part] = [new Int32Array(count), new Int32Array(count), new Float32Array(count)];
  const step = 1 / 2 ** reductions;
  for (let place = 0; place < count; place += 1) {
    low[place] = Math.min(Math.floor(place * step), smallCount - 1);
    high[place] = Math.min(low[place]! + 1, smallCount - 1);
    part[place] = Math.min(place * step - low[place]!, 1);
  }
  return { low, high, part };
}

const SAMPLED = 2000; // of a frame's values

/** Lowest and highest, and a window that leaves out the outermost values: for images that ask for none. */
export function range(values: Values): { low: number; high: number; from: number; to: number } {
  let [low, high] = [Infinity, -Infinity];
  for (let place = 0; place < values.length; place += 1) {
    const value = values[place]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const step = Math.max(1, Math.floor(values.length / SAMPLED));
  const some = Float32Array.from({ length: Math.ceil(values.length / step) }, (_, place) => values[place * step]!).sort();
  const [from, to] = [some[Math.floor(some.length * 0.01)] ?? low, some[Math.floor(some.length * 0.99)] ?? high];
  return { low, high, from, to };
}
