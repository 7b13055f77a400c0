// Decoder of a series stream (`services/isocenter/renditions/SERIES_STREAM.md`): records of a 16-byte head and their
// bytes, little endian. Pure and incremental: chunks of any size in, whole records out.
import type { DataSet } from './dataset.ts';

export interface StreamedFrame {
  sop: string;
  number: number; // of the instance, from 1
  syntax: string;
  rows: number;
  columns: number;
  levels: number; // resolutions; 0: not in the stream
}
// `of` names these very frames: told together with what is here of them, see `haveOf`
export interface StreamIndex { series: string; of: string; focus: number; bytes: number; frames: StreamedFrame[] }
export interface Documents { common: DataSet; own: DataSet[] } // a document is the common one with its own members

export type StreamRecord =
  | { kind: 'index'; packed: Uint8Array<ArrayBuffer> }
  | { kind: 'bytes'; frame: number; level: number; offset: number; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'documents'; every: boolean; packed: Uint8Array<ArrayBuffer> }
  | { kind: 'end' };

const HEAD = 16;
const LONGEST = 1 << 28; // a record is a part of one frame, or the index: more than this is not a stream of ours

export class NotASeriesStream extends Error {}

/** Takes chunks and yields the records that have become whole. */
export class SeriesStreamDecoder {
  #kept: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;
  #begun = false;
  #ended = false;

  get ended(): boolean { return this.#ended; }

  * push(chunk: Uint8Array<ArrayBuffer>): Generator<StreamRecord> {
    if (chunk.length) this.#kept.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      if (this.#size === 0) return;
      if (this.#ended) throw new NotASeriesStream('bytes behind the end');
      if (this.#size < HEAD) return;
      const head = this.#peek(HEAD);
      const view = new DataView(head.buffer, head.byteOffset, HEAD);
      const length = view.getUint32(12, true);
      if (length > LONGEST) throw new NotASeriesStream(`a record of ${length} bytes`);
      if (this.#size < HEAD + length) return;
      const [kind, level, frame, offset] = [view.getUint8(0), view.getUint8(1), view.getUint32(4, true), view.getUint32(8, true)];
      this.#take(HEAD);
      yield this.#record(kind, level, frame, offset, this.#take(length));
    }
  }

  /** Raises NotASeriesStream when the stream stopped before its end. */
  finish(): void {
    if (!this.#ended) throw new NotASeriesStream('the stream stopped before its end');
  }

  #record(kind: number, level: number, frame: number, offset: number, bytes: Uint8Array<ArrayBuffer>): StreamRecord {
    if (this.#begun === (kind === 0)) throw new NotASeriesStream('the index is the first record, and the only one of its kind');
    this.#begun = true;
    if (kind === 0) return { kind: 'index', packed: bytes };
    if (kind === 1) return { kind: 'bytes', frame, level, offset, bytes };
    if (kind === 3) return { kind: 'documents', every: level === 1, packed: bytes };
    if (kind !== 2) throw new NotASeriesStream(`a record of kind ${kind}`);
    this.#ended = true;
    return { kind: 'end' };
  }

  // The next bytes, still kept; joins chunks only as far as it has to.
  #peek(count: number): Uint8Array<ArrayBuffer> {
    const first = this.#kept[0]!;
    if (first.length >= count) return first.subarray(0, count);
    const bytes = this.#take(count);
    this.#kept.unshift(bytes);
    this.#size += count;
    return bytes;
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    this.#size -= count;
    const first = this.#kept[0];
    if (first && first.length > count) {
      this.#kept[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const taken = new Uint8Array(count);
    let place = 0;
    while (place < count) {
      const chunk = this.#kept.shift()!;
      const used = chunk.subarray(0, count - place);
      taken.set(used, place);
      place += used.length;
      if (used.length < chunk.length) this.#kept.unshift(chunk.subarray(used.length));
    }
    return taken;
  }
}

interface Run { sops: string[]; frames: number[]; syntax: string; rows: number; columns: number; levels: number }

/** The frames that an index record names, in the order of the stream's numbers. */
export async function indexOf(packed: Uint8Array<ArrayBuffer>): Promise<StreamIndex> {
  const read = (await unpacked(packed)) as { version: number; series?: string; of: string; focus: number; bytes: number; images: Run[] };
  if (read.version !== 1 || !Array.isArray(read.images)) throw new NotASeriesStream(`an index of version ${read.version}`);
  const frames = read.images.flatMap(({ sops, frames: counts, syntax, rows, columns, levels }) => sops.flatMap((sop, place) => (
    Array.from({ length: counts[place] ?? 1 }, (_, frame) => ({ sop, number: frame + 1, syntax, rows, columns, levels }))
  )));
  return { series: read.series ?? '', of: read.of, focus: read.focus, bytes: read.bytes, frames };
}

/** What a record of documents tells. */
export async function documentsOf(packed: Uint8Array<ArrayBuffer>): Promise<Documents> {
  const read = (await unpacked(packed)) as Partial<Documents>;
  if (!read.common || !Array.isArray(read.own)) throw new NotASeriesStream('documents that are none');
  return { common: read.common, own: read.own };
}

async function unpacked(packed: Uint8Array<ArrayBuffer>): Promise<unknown> {
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(plain).json().catch(() => { throw new NotASeriesStream('a record is no packed JSON'); });
}

/** The bytes of one frame as they come, and which resolution can be decoded of them. */
export class GrowingFrame {
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #have = 0; // without a gap, from the first byte
  #level = -1;

  constructor(readonly about: StreamedFrame) {}

  /** Highest resolution that is whole, lowest is 0; -1 for none. */
  get level(): number { return this.#level; }

  get whole(): boolean { return this.#level === this.about.levels - 1; }

  /** How many times the resolution is still to be doubled. */
  get reductions(): number { return this.about.levels - 1 - this.#level; }

  /** What is here without a gap. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#parts.length === 1) return this.#parts[0]!;
    const joined = new Uint8Array(this.#have);
    let place = 0;
    for (const part of this.#parts) {
      joined.set(part, place);
      place += part.length;
    }
    this.#parts = [joined];
    return joined;
  }

  /** Takes the bytes that complete a resolution. Raises NotASeriesStream when they do not follow on what is here. */
  add(level: number, offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (level >= this.about.levels || level <= this.#level) throw new NotASeriesStream(`resolution ${level} after ${this.#level} of ${this.about.levels}`);
    if (offset !== this.#have) throw new NotASeriesStream(offset > this.#have ? 'a gap in the bytes of a frame' : 'bytes of a frame that came before');
    this.#parts.push(bytes.slice());
    this.#have += bytes.length;
    this.#level = level;
  }

  /** Bytes are not needed any more: the frame was decoded whole. */
  forget(): void { this.#parts = []; }
}

/** What of these frames is here, as the server is told it: `first-last:resolution`, with commas between. */
export function haveOf(frames: readonly GrowingFrame[]): string {
  const runs: { first: number; last: number; level: number }[] = [];
  for (const [place, { level }] of frames.entries()) {
    const run = runs.at(-1);
    if (run && run.level === level && run.last === place - 1) run.last = place;
    else runs.push({ first: place, last: place, level });
  }
  const told = runs.filter(({ level }) => level >= 0);
  return told.map(({ first, last, level }) => `${first === last ? first : `${first}-${last}`}:${level}`).join(',');
}
