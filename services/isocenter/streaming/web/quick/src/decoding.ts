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

// Sixteen by sixteen samples of noise, in three resolutions.
const NOISE = [
  '/0//UQApQAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAIEBEAB/1wACiCIkJCQiIiI/2QAFwABT3Bl',
  'bkpQSCBWZXIgMC4yNi4zLv9VABYAYAAAAAAAJAAAAAAASQAAAAAAv/+QAAoAAAAAACQAA/+TwAAtIMolmROaQYxVVFDxA9ZckSm3AP+QAAoAAAAAAEkBA/+T',
  'wAAWhAABXwAAWiBRpHlSmGIO6SP9ArlNIbYATxDgLOtpYLL+AY6UuZYAS+S1S6CDRwoPaABxSLJI1wD/kAAKAAAAAAC/AgP/k8AALt4AAXawAAu6OrLyuY5R',
  'mjCCeSCIaJDCPiK1XqX5cRKWILEVGpIzpYAGAwopKlEIcekADVclZQwKBJJcqha+AAw4AVtVyM0iHRXBltqjK5hD0wHxhO0Ms11LbI8itlSJr38qALbeq1Z6',
  'OpEAi1StMxXqBzIBRn8JZuWuwXBTawAxTOGDGM1iOhwBkIRgbSQEK6bVFs34hHKupBWldTb9AAGXBwMMek98hJEMSLGwAf/Z',
].join('');

/** Starts the codec and lets it decode something: what is compiled when it is used first is compiled then. */
export async function warm(): Promise<void> {
  const samples = { rows: 16, columns: 16, perPixel: 1, allocated: 16, stored: 16, signed: true, planar: false, photometric: 'MONOCHROME2' };
  const stream = Uint8Array.from(atob(NOISE), (letter) => letter.charCodeAt(0));
  try {
    for (const reductions of [2, 1, 0]) await decoded(stream, reductions, samples);
  } catch {
    // without WebAssembly it is said when there is a frame to be decoded
  }
}

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
