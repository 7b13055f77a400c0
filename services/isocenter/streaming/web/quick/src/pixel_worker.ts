// Gets and decodes frames beside the page. One message in per frame or stream, answers as they come.
import { decoded, warm } from './decoding.ts';
import { Arriving, forget } from './arriving.ts';
import { entriesOf } from './luts.ts';
import type { Lut } from './luts.ts';
import type { GrowingFrame } from './series_stream.ts';
import { colourValues, greyValues, range, through } from './values.ts';
import type { Values } from './values.ts';
import type { FrameOrder, OpenOrder, Order, Shown, SliceOrder, StreamOrder } from './orders.ts';

const HTJ2K = 'image/jphc;transfer-syntax=1.2.840.10008.1.2.4.202';
const PLAIN = 'application/octet-stream;transfer-syntax=1.2.840.10008.1.2.1';
const TABLE_MS = 30_000;
const running = new Map<number, AbortController>();

const say = (message: object, moved: Transferable[] = []): void => { postMessage(message, { transfer: moved }); };

class Refused extends Error {}

async function answered(address: string, accept: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(address, { headers: { Accept: accept }, signal });
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw Object.assign(new Refused(problem.detail ?? `the server said ${answer.status}`), { status: answer.status });
}

function shown(order: SliceOrder, values: Values, columns = order.samples.columns, reductions = 0): Shown {
  const { low, high, from, to } = range(values);
  return { key: order.key, values, columns, reductions, low, high, from, to };
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

async function valuesOf(found: ArrayLike<number>, order: SliceOrder): Promise<Values> {
  return order.samples.perPixel === 3 ? Uint8Array.from(found) : through(found, order.samples, order, await entriesFor(order.lut));
}

const tables = new Map<string, Promise<Uint16Array>>();
const MAX_TABLES = 64;

// The entries of a lookup table, of which all slices of a series mostly have the same.
async function entriesFor(lut: Lut | undefined): Promise<Uint16Array | undefined> {
  if (!lut) return undefined;
  const key = JSON.stringify(lut);
  const known = tables.get(key);
  if (known) return known;
  const made = bytesOf(lut).then((bytes) => entriesOf(lut, bytes));
  tables.set(key, made);
  made.catch(() => tables.delete(key)); // asked again
  for (const [oldest] of tables) if (tables.size > MAX_TABLES) tables.delete(oldest);
  return made;
}

async function bytesOf({ inline, address }: Lut): Promise<Uint8Array> {
  if (!address) return Uint8Array.from(atob(inline), (letter) => letter.charCodeAt(0));
  return new Uint8Array(await (await answered(address, 'application/octet-stream', AbortSignal.timeout(TABLE_MS))).arrayBuffer());
}

async function frame(order: FrameOrder, signal: AbortSignal): Promise<void> {
  if (order.rendered) {
    const values = await ofPicture(await answered(`${order.address}/rendered`, 'image/png', signal), order);
    const made = shown(order, values);
    return say({ id: order.id, kind: 'frame', shown: made }, [made.values.buffer]);
  }
  const answer = await answered(order.address, `${HTJ2K}, ${PLAIN};q=0.9`, signal);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const compressed = answer.headers.get('Content-Type')?.startsWith('image/jphc');
  const colour = order.samples.perPixel === 3;
  const values = compressed ? await valuesOf((await decoded(bytes, 0, order.samples)).found, order)
    : colour ? colourValues(bytes, order.samples, order.planar) : greyValues(bytes, order.samples, order, await entriesFor(order.lut));
  const made = shown(order, values);
  return say({ id: order.id, kind: 'frame', shown: made }, [made.values.buffer]);
}

async function send(id: number, slice: SliceOrder, one: GrowingFrame): Promise<void> {
  const { found, columns } = await decoded(one.bytes, one.reductions, slice.samples);
  const made = shown(slice, await valuesOf(found, slice), columns, one.reductions);
  if (one.whole) one.forget();
  say({ id, kind: 'streamed', shown: made }, [made.values.buffer]);
}

// Every slice is shown at its best whole resolution as soon as that is here.
async function stream(order: StreamOrder | OpenOrder, signal: AbortSignal): Promise<void> {
  const arriving = new Arriving(order);
  const answer = await fetch(arriving.address, { signal });
  if (!answer.ok || !answer.body) return say({ id: order.id, kind: 'no-stream', status: answer.status });
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for await (const told of arriving.take(part.value)) say({ id: order.id, ...told });
    for (const [slice, one] of arriving.better()) if (!signal.aborted) await send(order.id, slice, one);
  }
  arriving.finish();
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
      if (data.kind === 'stream' && !stop.signal.aborted) forget(data.series); // it is asked from the start
      say({ id: data.id, kind: 'failed', message: error.message, stopped: stop.signal.aborted });
    })
    .finally(() => {
      stop.abort(); // what would still come is not waited for
      running.delete(data.id);
    });
});
