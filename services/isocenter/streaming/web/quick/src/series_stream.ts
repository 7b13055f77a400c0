// Decoder of a series stream: records of a 16-byte head (little endian: u8 kind, u8 level, u16 reserved, u32 frame,
// u32 offset, u32 length) and `length` bytes. Pure and incremental: chunks of any size in, whole records out.

export interface StreamedFrame {
  sop: string;
  number: number;
  syntax: string;
  rows: number;
  columns: number;
  size: number;
  levels: number[]; // end of each resolution level in the codestream, lowest first
}
export interface StreamIndex { version: number; frames: StreamedFrame[] }

export type StreamRecord =
  | { kind: 'index'; index: StreamIndex }
  | { kind: 'bytes'; frame: number; level: number; offset: number; bytes: Uint8Array }
  | { kind: 'end' };

const HEAD = 16;
const LONGEST = 1 << 28; // a record is a part of one frame, or the index: more than this is not a stream of ours

export class NotASeriesStream extends Error {}

/** Takes chunks and yields the records that have become whole. */
export class SeriesStreamDecoder {
  #kept: Uint8Array[] = [];
  #size = 0;
  #frames = -1; // not told yet
  #ended = false;

  get ended(): boolean { return this.#ended; }

  * push(chunk: Uint8Array): Generator<StreamRecord> {
    this.#kept.push(chunk);
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

  #record(kind: number, level: number, frame: number, offset: number, bytes: Uint8Array): StreamRecord {
    if ((this.#frames < 0) !== (kind === 0)) throw new NotASeriesStream('the index is the first record, and the only one of its kind');
    if (kind === 0) {
      const index = indexOf(bytes);
      this.#frames = index.frames.length;
      return { kind: 'index', index };
    }
    if (kind === 2) {
      this.#ended = true;
      return { kind: 'end' };
    }
    if (kind !== 1) throw new NotASeriesStream(`a record of kind ${kind}`);
    if (frame >= this.#frames) throw new NotASeriesStream(`frame ${frame} of ${this.#frames}`);
    return { kind: 'bytes', frame, level, offset, bytes };
  }

  // The next bytes, still kept; joins chunks only as far as it has to.
  #peek(count: number): Uint8Array {
    const first = this.#kept[0]!;
    if (first.length >= count) return first.subarray(0, count);
    const bytes = this.#take(count);
    this.#kept.unshift(bytes);
    this.#size += count;
    return bytes;
  }

  #take(count: number): Uint8Array {
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

function indexOf(bytes: Uint8Array): StreamIndex {
  let read: StreamIndex;
  try {
    read = JSON.parse(new TextDecoder().decode(bytes)) as StreamIndex;
  } catch {
    throw new NotASeriesStream('the index is not JSON');
  }
  if (read.version !== 1 || !Array.isArray(read.frames)) throw new NotASeriesStream(`an index of version ${read.version}`);
  return read;
}

/** The bytes of one frame as they come, and which resolution can be decoded of them. */
export class GrowingFrame {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #have = 0; // without a gap, from the first byte
  #level = -1;

  constructor(readonly about: StreamedFrame) {
    this.#bytes = new Uint8Array(about.size);
  }

  /** Highest resolution level that is whole, lowest is 0; -1 for none. */
  get level(): number { return this.#level; }

  get whole(): boolean { return this.#have === this.about.size; }

  /** How many times the resolution is still to be doubled. */
  get reductions(): number { return this.about.levels.length - 1 - this.#level; }

  /** What is here without a gap. */
  get bytes(): Uint8Array<ArrayBuffer> { return this.#bytes.subarray(0, this.#have); }

  /** Takes bytes; whether a further level became whole. Bytes that were here already, as after a new focus, do no harm. */
  add(offset: number, bytes: Uint8Array): boolean {
    if (offset + bytes.length > this.#bytes.length) throw new NotASeriesStream('bytes behind the end of a frame');
    if (offset > this.#have) throw new NotASeriesStream('a gap in the bytes of a frame');
    this.#bytes.set(bytes, offset);
    this.#have = Math.max(this.#have, offset + bytes.length);
    const reached = this.about.levels.filter((end) => end <= this.#have).length - 1;
    const further = reached > this.#level;
    this.#level = reached;
    return further;
  }
}
