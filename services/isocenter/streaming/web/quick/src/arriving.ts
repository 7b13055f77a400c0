// A series stream as it arrives in the worker: which frames have become better, and what is told of its images.
import { sliceOrder } from './orders.ts';
import type { DocumentsAnswer, OpenOrder, SliceOrder, StreamOrder } from './orders.ts';
import { GrowingFrame, NotASeriesStream, SeriesStreamDecoder, documentsOf, haveOf, indexOf } from './series_stream.ts';
import type { StreamIndex, StreamRecord } from './series_stream.ts';
import { text } from './dataset.ts';
import type { DataSet } from './dataset.ts';
import { SCHEME, isStreamed, slicesOfAll } from './slice.ts';

type Told = Omit<DocumentsAnswer, 'id'>;
interface Growing { of: string; frames: GrowingFrame[] }

const HTJ2K_SYNTAXES = new Set(['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202']); // without loss
const MAX_HAVE = 4000; // characters of an address
const MAX_KEPT = 4;

// Frames of the series that were streamed here, so that what has come is not asked again after a new focus.
const kept = new Map<string, Growing>();

/** What has come of a series is of no use any more. */
export const forget = (series: string): void => { kept.delete(series); };

const uidOf = (document: DataSet): string => text(document, '00080018');

export class Arriving {
  readonly address: string;
  readonly #decoder = new SeriesStreamDecoder();
  readonly #slices: Record<string, SliceOrder>; // by `instance:frame`; those that are not known yet are waited for
  readonly #better = new Set<GrowingFrame>();
  #index: StreamIndex | undefined;
  #frames: GrowingFrame[] = [];
  #goesOn = false; // what came before is not sent again

  constructor(order: StreamOrder | OpenOrder) {
    this.#slices = order.kind === 'stream' ? order.slices : {};
    this.address = order.kind === 'stream' ? `${order.address}?focus=${order.focus}${this.#told(order.series)}` : order.address;
  }

  #told(series: string): string {
    const before = kept.get(series);
    const have = haveOf(before?.frames ?? []);
    this.#goesOn = Boolean(before && have && have.length < MAX_HAVE);
    return this.#goesOn ? `&of=${before!.of}&have=${have}` : '';
  }

  /** Takes a part of the stream; yields what the page has to be told. */
  async * take(chunk: Uint8Array<ArrayBuffer>): AsyncGenerator<Told> {
    for (const record of this.#decoder.push(chunk)) {
      if (record.kind === 'index') this.#begin(await indexOf(record.packed));
      else if (record.kind === 'documents') yield await this.#documents(record);
      else if (record.kind === 'bytes') this.#grow(record);
    }
  }

  /** Frames that can be shown better than before, and how: each is given once. */
  * better(): Generator<[SliceOrder, GrowingFrame]> {
    for (const one of this.#better) {
      const slice = this.#slices[`${one.about.sop}:${one.about.number}`];
      if (!slice) continue;
      this.#better.delete(one);
      yield [slice, one];
    }
  }

  /** Raises NotASeriesStream when the stream stopped before its end. */
  finish(): void { this.#decoder.finish(); }

  // A series of other frames than before (it was still arriving) is sent from its beginning, and one that is opened too.
  #begin(index: StreamIndex): void {
    if (!index.frames.some(({ syntax }) => HTJ2K_SYNTAXES.has(syntax))) throw new NotASeriesStream('nothing of it can be decoded as it comes');
    const before = kept.get(index.series);
    const goesOn = this.#goesOn && before?.of === index.of;
    this.#index = index;
    this.#frames = goesOn ? before!.frames : index.frames.map((about) => new GrowingFrame(about));
    kept.delete(index.series);
    kept.set(index.series, { of: index.of, frames: this.#frames });
    for (const [oldest] of kept) if (kept.size > MAX_KEPT) kept.delete(oldest);
  }

  #grow({ frame, level, offset, bytes }: StreamRecord & { kind: 'bytes' }): void {
    const one = this.#frames[frame];
    if (!one) throw new NotASeriesStream(`frame ${frame} of ${this.#frames.length}`);
    one.add(level, offset, bytes);
    if (HTJ2K_SYNTAXES.has(one.about.syntax)) this.#better.add(one);
  }

  async #documents({ packed, every }: StreamRecord & { kind: 'documents' }): Promise<Told> {
    const { series, focus, frames } = this.#index!; // the decoder sees to it that the index comes first
    const { common, own } = await documentsOf(packed);
    const places = new Map<string, number>();
    for (const [place, { sop }] of frames.entries()) if (!places.has(sop)) places.set(sop, place);
    const place = (document: DataSet): number => places.get(uidOf(document) || uidOf(common)) ?? 0;
    const sorted = [...own].sort((a, b) => place(a) - place(b));
    const slices = slicesOfAll(sorted.map((one) => ({ ...common, ...one })));
    for (const slice of slices.filter(isStreamed)) this.#slices[`${slice.instance}:${slice.frame}`] = sliceOrder(slice);
    const at = frames[focus];
    return {
      kind: 'documents', series, every, common, own: sorted, key: `${SCHEME}:${at?.sop}:${at?.number}`,
      from: sorted[0] ? place(sorted[0]) : 0, count: frames.length,
    };
  }
}
