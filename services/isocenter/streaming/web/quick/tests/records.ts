// Records of a series stream, written as its specification says.
import { gzipSync } from 'node:zlib';

export type Bytes = Uint8Array<ArrayBuffer>;

export function record(kind: number, level: number, frame: number, offset: number, bytes: Bytes): Bytes {
  const made = new Uint8Array(16 + bytes.length);
  const view = new DataView(made.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, level);
  view.setUint32(4, frame, true);
  view.setUint32(8, offset, true);
  view.setUint32(12, bytes.length, true);
  made.set(bytes, 16);
  return made;
}

export const packed = (content: unknown): Bytes => Uint8Array.from(gzipSync(JSON.stringify(content)));
export const joined = (...parts: Bytes[]): Bytes => Uint8Array.from(parts.flatMap((part) => [...part]));
export const END = record(2, 0, 0, 0, new Uint8Array());
