// Frames for the page: what is asked for first comes first, the neighbours follow, the far ones are forgotten.
import { sliceOrder } from './orders.ts';
import type { Answer, DocumentsAnswer, FrameOrder, Order, Shown } from './orders.ts';
import { isRendered, isStreamed, placeInStream, slicesOfAll } from './slice.ts';
import type { Slice } from './slice.ts';

const AT_ONCE = 4; // of the six connections a browser has to one server
const REFOCUS_MS = 200;
const PLAIN_SYNTAX = '1.2.840.10008.1.2.1';

interface Awaiting { done: (shown: Shown) => void; fail: (error: Error) => void }
interface Waiting extends Awaiting { promise: Promise<Shown> }
interface Running { key: string; worker: Worker }
interface Stream { id: number; worker: Worker; series: string; left: Set<string>; focus: number }

/** Slices of a series that has been opened, in order: `at` is the one to be looked at, the first is number `from` of `count`. */
export interface Begun { slices: Slice[]; at: number; from: number; count: number }
/** The first slices, then every one; undefined where the series does not come as a stream. */
export interface Opening { near: Promise<Begun | undefined>; every: Promise<Begun | undefined> }
interface Telling { near: (begun: Begun | undefined) => void; every: (begun: Begun | undefined) => void; opening: Opening }

const base = (slice: Slice): string => `/dicom-web/studies/${slice.study}/series/${slice.series}`;

export class Pixels {
  readonly #workers: Worker[];
  readonly #kept = new Map<string, Shown>(); // least recently used first
  readonly #waiting = new Map<string, Waiting>();
  readonly #wholes = new Map<string, Awaiting[]>();
  readonly #running = new Map<number, Running>();
  readonly #broken = new Map<string, string>();
  #bytes = 0;
  #queue: Slice[] = [];
  #streams: Stream[] = [];
  #streamless = new Set<string>();
  readonly #homes = new Map<string, Worker>();
  readonly #openings = new Map<number, Telling>();
  #id = 0;
  #turn: ReturnType<typeof setTimeout> | undefined;
  onBetter: (shown: Shown) => void = () => {};
  onDropped: (key: string) => void = () => {};

  constructor(count: number, private readonly budget: number) {
    this.#workers = Array.from({ length: count }, () => {
      const worker = new Worker(new URL('./pixel_worker.ts', import.meta.url), { type: 'module' });
      worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => this.#answer(data));
      worker.postMessage({ kind: 'warm' } satisfies Order);
      return worker;
    });
  }

  /** Asks for the series of a study that is read first: at once, before anything else is known of it. */
  open(study: string): Opening {
    const id = (this.#id += 1);
    const worker = this.#workers[0]!;
    this.#streams.push({ id, worker, series: '', left: new Set(), focus: -1 });
    worker.postMessage({ kind: 'open', id, address: `/dicom-web/studies/${encodeURIComponent(study)}/stream?documents=1` } satisfies Order);
    const tell: Partial<Telling> = {};
    const opening = { near: new Promise<Begun | undefined>((done) => { tell.near = done; }), every: new Promise<Begun | undefined>((done) => { tell.every = done; }) };
    this.#openings.set(id, { ...tell, opening } as Telling);
    return opening;
  }

  /** What is being opened is not waited for any more, except this. */
  abandon(except?: Opening): void {
    for (const one of this.#streams) if (this.#openings.has(one.id) && this.#openings.get(one.id)!.opening !== except) this.#stop(one);
  }

  /** What is here of a frame, at whatever resolution. */
  has(key: string): Shown | undefined { return this.#kept.get(key); }

  /** A frame, as soon as some resolution of it is here; what is better later comes by `onBetter`. */
  get(slice: Slice): Promise<Shown> {
    const kept = this.#kept.get(slice.key);
    if (kept) {
      this.#kept.delete(slice.key);
      this.#kept.set(slice.key, kept);
      return Promise.resolve(kept);
    }
    const waiting = this.#wait(slice.key);
    if (!this.#streams.some((one) => one.left.has(slice.key))) {
      this.#queue = [slice, ...this.#queue.filter((one) => one.key !== slice.key)];
      this.#fill();
    }
    return waiting.promise;
  }

  /** A frame with every sample of its own, once it is here. */
  async whole(slice: Slice): Promise<Shown> {
    const kept = this.#kept.get(slice.key);
    if (kept?.reductions === 0) return kept;
    const promise = new Promise<Shown>((done, fail) => {
      this.#wholes.set(slice.key, [...(this.#wholes.get(slice.key) ?? []), { done, fail }]);
    });
    if (!this.#streams.some((one) => one.left.has(slice.key))) {
      this.#queue.push(slice);
      this.#fill();
    }
    return promise;
  }

  /** Brings a series: as a stream where the server has one, else frame by frame, those near to `focus` first. */
  bring(slices: readonly Slice[], focus: number): void {
    const first = slices[0];
    if (!first) return;
    const missing = slices.filter((slice) => !this.#isWhole(slice.key));
    if (!missing.length) return;
    const streamed = missing.filter(isStreamed);
    const running = this.#streams.find((one) => one.series === first.series);
    if (running) return this.#refocus(running, slices, focus);
    if (streamed.length > 1 && !this.#streamless.has(first.series)) this.#stream(slices, streamed, focus);
    else this.#prefetch(slices, focus);
  }

  /** Forgets what was meant to be brought for a series that is not shown any more. */
  leave(series: string): void {
    this.#queue = this.#queue.filter(({ key, series: of }) => of !== series || this.#waiting.has(key) || this.#wholes.has(key));
    for (const one of this.#streams.filter((stream) => stream.series === series)) this.#stop(one);
    this.#streamless.delete(series); // it may be packed when one comes back
  }

  #isWhole(key: string): boolean { return this.#kept.get(key)?.reductions === 0; }

  #wait(key: string): Waiting {
    const known = this.#waiting.get(key);
    if (known) return known;
    let [done, fail]: [Waiting['done'], Waiting['fail']] = [() => {}, () => {}];
    const promise = new Promise<Shown>((resolve, reject) => { [done, fail] = [resolve, reject]; });
    const made = { promise, done, fail };
    this.#waiting.set(key, made);
    return made;
  }

  #prefetch(slices: readonly Slice[], focus: number): void {
    const near = slices.map((slice, place) => ({ slice, far: Math.abs(place - focus) })).sort((a, b) => a.far - b.far);
    let room = this.budget;
    const wanted: Slice[] = [];
    for (const { slice } of near) {
      room -= slice.samples.rows * slice.samples.columns * 2 * slice.samples.perPixel;
      if (room < 0) break;
      if (!this.#isWhole(slice.key) && !this.#broken.has(slice.key)) wanted.push(slice);
    }
    const others = this.#queue.filter((slice) => slice.series !== slices[0]!.series);
    this.#queue = [...wanted, ...others];
    this.#fill();
  }

  #fill(): void {
    while (this.#running.size < AT_ONCE) {
      const slice = this.#queue.shift();
      if (!slice) return;
      if (this.#isWhole(slice.key) || [...this.#running.values()].some((one) => one.key === slice.key)) continue;
      const id = (this.#id += 1);
      const worker = this.#workers[id % this.#workers.length]!;
      this.#running.set(id, { key: slice.key, worker });
      const order: FrameOrder = {
        ...sliceOrder(slice), kind: 'frame', id, rendered: isRendered(slice),
        address: `${base(slice)}/instances/${slice.instance}/frames/${slice.frame}`,
        planar: slice.samples.planar && slice.document['00083002']?.Value?.[0] === PLAIN_SYNTAX,
      };
      worker.postMessage(order);
    }
  }

  #stream(all: readonly Slice[], slices: readonly Slice[], focus: number): void {
    const id = (this.#id += 1);
    const at = all[focus] ?? all[0]!;
    const worker = this.#homes.get(at.series) ?? this.#workers[id % this.#workers.length]!;
    this.#homes.set(at.series, worker); // it knows what has come of this series
    this.#streams.push({ id, worker, series: at.series, left: new Set(slices.map((slice) => slice.key)), focus });
    const orders = Object.fromEntries(slices.map((slice) => [`${slice.instance}:${slice.frame}`, sliceOrder(slice)]));
    worker.postMessage({ kind: 'stream', id, series: at.series, address: `${base(at)}/stream`, focus: placeInStream(all, at), slices: orders } satisfies Order);
    this.#asked.set(id, { slices: [...slices], focus });
  }

  readonly #asked = new Map<number, { slices: Slice[]; focus: number }>();

  // Somebody jumped: the stream is asked anew, from there.
  #refocus(stream: Stream, slices: readonly Slice[], focus: number): void {
    if (stream.focus === focus || this.#kept.has(slices[focus]?.key ?? '')) return;
    clearTimeout(this.#turn);
    this.#turn = setTimeout(() => {
      this.#stop(stream);
      this.bring(slices, focus);
    }, REFOCUS_MS);
  }

  #stop(stream: Stream): void {
    this.#streams = this.#streams.filter((one) => one !== stream);
    this.#asked.delete(stream.id);
    this.#notOpened(stream.id);
    stream.worker.postMessage({ kind: 'stop', id: stream.id } satisfies Order);
  }

  #answer(answer: Answer): void {
    if (answer.kind === 'documents') return this.#begun(answer);
    if (answer.kind === 'frame' || answer.kind === 'streamed') this.#take(answer.shown);
    if (answer.kind === 'streamed') {
      const stream = this.#streams.find((one) => one.id === answer.id);
      if (answer.shown.reductions === 0) stream?.left.delete(answer.shown.key);
      return;
    }
    const running = this.#running.get(answer.id);
    this.#running.delete(answer.id);
    if (running) {
      if (answer.kind === 'failed') this.#fail(running.key, answer.message);
    } else this.#streamOver(answer);
    this.#fill();
  }

  // What a stream left out, for whatever reason, is asked frame by frame.
  #streamOver(answer: Answer): void {
    const stream = this.#streams.find((one) => one.id === answer.id);
    const asked = this.#asked.get(answer.id);
    this.#streams = this.#streams.filter((one) => one !== stream);
    this.#asked.delete(answer.id);
    this.#notOpened(answer.id);
    if (!stream || !asked) return;
    this.#streamless.add(stream.series);
    this.#prefetch(asked.slices, asked.focus);
  }

  #begun({ id, series, every, common, own, key, from, count }: DocumentsAnswer): void {
    const stream = this.#streams.find((one) => one.id === id);
    const opening = this.#openings.get(id);
    if (!stream || !opening) return; // left meanwhile
    const slices = slicesOfAll(own.map((one) => ({ ...common, ...one })));
    const at = Math.max(0, slices.findIndex((slice) => slice.key === key));
    stream.series = series;
    stream.focus = at;
    stream.left = new Set(slices.filter((slice) => isStreamed(slice) && !this.#isWhole(slice.key)).map((slice) => slice.key));
    this.#homes.set(series, stream.worker);
    this.#asked.set(id, { slices, focus: at });
    opening[every ? 'every' : 'near']({ slices, at, from, count });
    if (every) this.#openings.delete(id);
  }

  #notOpened(id: number): void {
    const opening = this.#openings.get(id);
    this.#openings.delete(id);
    opening?.near(undefined);
    opening?.every(undefined);
  }

  #take(shown: Shown): void {
    const before = this.#kept.get(shown.key);
    if (before && before.reductions < shown.reductions) return;
    this.#kept.delete(shown.key);
    this.#kept.set(shown.key, shown);
    this.#bytes += shown.values.byteLength - (before?.values.byteLength ?? 0);
    for (const [key, old] of this.#kept) {
      if (this.#bytes <= this.budget || key === shown.key) break;
      this.#kept.delete(key);
      this.#bytes -= old.values.byteLength;
      this.onDropped(key);
    }
    this.#waiting.get(shown.key)?.done(shown);
    this.#waiting.delete(shown.key);
    if (shown.reductions === 0) {
      for (const one of this.#wholes.get(shown.key) ?? []) one.done(shown);
      this.#wholes.delete(shown.key);
    }
    if (before) this.onBetter(shown);
  }

  #fail(key: string, message: string): void {
    this.#broken.set(key, message);
    for (const one of [this.#waiting.get(key), ...(this.#wholes.get(key) ?? [])]) one?.fail(new Error(message));
    this.#waiting.delete(key);
    this.#wholes.delete(key);
  }
}
