// HTJ2K by OpenJPH in WebAssembly; runs in the worker.
import openjph from '@cornerstonejs/codec-openjph';
import wasm from '@cornerstonejs/codec-openjph/wasm?url';
import type { Samples } from './slice.ts';

interface Decoder {
  getEncodedBuffer(size: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  decode(): void;
  decodeSubResolution(reductions: number): void;
  readHeader(): void;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; isSigned: boolean; componentCount: number };
}
interface Codec { HTJ2KDecoder: new () => Decoder }

let starting: Promise<Codec> | undefined;

async function decoder(): Promise<Decoder> {
  starting ??= openjph({ locateFile: () => wasm }) as Promise<Codec>;
  return new (await starting).HTJ2KDecoder();
}

export interface Decoded { found: ArrayLike<number>; rows: number; columns: number }

/** Starts the codec, so that the first frame does not wait for it. */
export const warm = async (): Promise<void> => { await decoder().catch(() => {}); };

let kept: Decoder | undefined;

/** Samples of a codestream, or of as much of it as `reductions` leaves; colours by pixel. */
export async function decoded(stream: Uint8Array, reductions: number, samples: Samples): Promise<Decoded> {
  kept ??= await decoder();
  kept.getEncodedBuffer(stream.length).set(stream);
  if (reductions) kept.decodeSubResolution(reductions);
  else kept.decode();
  const { width, height, bitsPerSample, isSigned, componentCount } = kept.getFrameInfo();
  const part = 2 ** reductions;
  const [columns, rows] = [Math.ceil(width / part), Math.ceil(height / part)];
  if (width !== samples.columns || height !== samples.rows || componentCount !== samples.perPixel) {
    throw new Error('the frame is not of the size that the image says');
  }
  const view = kept.getDecodedBuffer();
  const count = rows * columns * componentCount;
  const own = view.slice(0, count * (bitsPerSample > 8 ? 2 : 1)); // the codec's memory is used again
  if (bitsPerSample <= 8) return { found: isSigned ? new Int8Array(own.buffer) : own, rows, columns };
  return { found: isSigned ? new Int16Array(own.buffer) : new Uint16Array(own.buffer), rows, columns };
}
