// Gets and decodes frames beside the page. One message in per frame or stream, answers as they come.
import { decoded, warm } from './decoding.ts';
import { GrowingFrame, NotASeriesStream, SeriesStreamDecoder, haveOf, indexOf } from './series_stream.ts';
import type { StreamIndex } from './series_stream.ts';
import { colourValues, enlarged, greyValues, range, through } from './values.ts';
import type { Values } from './values.ts';
import type { FrameOrder, Order, Shown, SliceOrder, StreamOrder } from './orders.ts';

const HTJ2K = 'image/jphc;transfer-syntax=1.2.840.10008.1.2.4.202';
const PLAIN = 'application/octet-stream;transfer-syntax=1.2.840.10008.1.2.1';
const HTJ2K_SYNTAXES = new Set(['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202']); // without loss
const MAX_HAVE = 4000; // characters of an address
const running = new Map<number, AbortController>();

const say = (message: object, moved: Transferable[] = []): void => { postMessage(message, { transfer: moved }); };

class Refused extends Error {}

async function answered(address: string, accept: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(address, { headers: { Accept: accept }, signal });
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw Object.assign(new Refused(problem.detail ?? `the server said ${answer.status}`), { status: answer.status });
}

function shown(order: SliceOrder, values: Values, reductions: number): Shown {
  const { low, high, from, to } = range(values);
  return { key: order.key, values, reductions, low, high, from, to };
}

async function ofPicture(answer: Response, order: SliceOrder): Promise<Values> {
  const picture = await createImageBitmap(await answer.blob(), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const { rows, columns } = order.samples;
  if (picture.width !== columns || picture.height !== rows) throw new Error('the picture is not of the size that the image says');
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, columns, rows);
  const out = new Uint8Array(rows * columns * 3);
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    out[to] = data[from]!;
    out[to + 1] = data[from + 1]!;
    out[to + 2] = data[from + 2]!;
  }
  return out;
}

async function ofStream(stream: Uint8Array, reductions: number, order: SliceOrder): Promise<Values> {
  const { found, columns } = await decoded(stream, reductions, order.samples);
  const { samples } = order;
  const values = samples.perPixel === 3 ? Uint8Array.from(found) : through(found, samples, order);
  return reductions ? enlarged(values, columns, samples.rows, samples.columns, reductions, samples.perPixel) : values;
}

async function frame(order: FrameOrder, signal: AbortSignal): Promise<void> {
  if (order.rendered) {
    const values = await ofPicture(await answered(`${order.address}/rendered`, 'image/png', signal), order);
    const made = shown(order, values, 0);
    return say({ id: order.id, kind: 'frame', shown: made }, [made.values.buffer]);
  }
  const answer = await answered(order.address, `${HTJ2K}, ${PLAIN};q=0.9`, signal);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const compressed = answer.headers.get('Content-Type')?.startsWith('image/jphc');
  const colour = order.samples.perPixel === 3;
  const values = compressed ? await ofStream(bytes, 0, order)
    : colour ? colourValues(bytes, order.samples, order.planar) : greyValues(bytes, order.samples, order);
  const made = shown(order, values, 0);
  return say({ id: order.id, kind: 'frame', shown: made }, [made.values.buffer]);
}

// Frames of the series that were streamed here, so that what has come is not asked again after a new focus.
interface Growing { of: string; frames: GrowingFrame[] }
const kept = new Map<string, Growing>();
const MAX_KEPT = 4;

// A series of other frames than before (it was still arriving) is sent from its beginning.
function grown(series: string, { of, frames }: StreamIndex): GrowingFrame[] {
  const before = kept.get(series);
  const made = before?.of === of ? before.frames : frames.map((about) => new GrowingFrame(about));
  kept.delete(series);
  kept.set(series, { of, frames: made });
  for (const [oldest] of kept) if (kept.size > MAX_KEPT) kept.delete(oldest);
  return made;
}

async function send(order: StreamOrder, one: GrowingFrame): Promise<void> {
  const slice = order.slices[`${one.about.sop}:${one.about.number}`];
  if (!slice) return;
  const made = shown(slice, await ofStream(one.bytes, one.reductions, slice), one.reductions);
  if (one.whole) one.forget();
  say({ id: order.id, kind: 'streamed', shown: made }, [made.values.buffer]);
}

// Every slice is shown at its best whole resolution as soon as that is here.
async function stream(order: StreamOrder, signal: AbortSignal): Promise<void> {
  const before = kept.get(order.series);
  const have = haveOf(before?.frames ?? []);
  const told = before && have && have.length < MAX_HAVE ? `&of=${before.of}&have=${have}` : '';
  const answer = await fetch(`${order.address}?focus=${order.focus}${told}`, { signal });
  if (!answer.ok || !answer.body) return say({ id: order.id, kind: 'no-stream', status: answer.status });
  if (!told) kept.delete(order.series);
  const reader = answer.body.getReader();
  const decoder = new SeriesStreamDecoder();
  let growing: GrowingFrame[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const better = new Set<GrowingFrame>();
    for (const record of decoder.push(part.value)) {
      if (record.kind === 'index') growing = grown(order.series, await indexOf(record.packed));
      if (record.kind !== 'bytes') continue;
      const one = growing[record.frame];
      if (!one) throw new NotASeriesStream(`frame ${record.frame} of ${growing.length}`);
      one.add(record.level, record.offset, record.bytes);
      if (HTJ2K_SYNTAXES.has(one.about.syntax)) better.add(one);
    }
    for (const one of better) if (!signal.aborted) await send(order, one);
  }
  decoder.finish();
  say({ id: order.id, kind: 'stream-ended' });
}

addEventListener('message', ({ data }: MessageEvent<Order>) => {
  if (data.kind === 'warm') return void warm();
  if (data.kind === 'stop') return running.get(data.id)?.abort();
  const stop = new AbortController();
  running.set(data.id, stop);
  const work = data.kind === 'frame' ? frame(data, stop.signal) : stream(data, stop.signal);
  return void work
    .catch((error: Error) => {
      if (data.kind === 'stream' && !stop.signal.aborted) kept.delete(data.series); // it is asked from the start
      say({ id: data.id, kind: 'failed', message: error.message, stopped: stop.signal.aborted });
    })
    .finally(() => running.delete(data.id));
});
