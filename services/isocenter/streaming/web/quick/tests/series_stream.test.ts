import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrowingFrame, NotASeriesStream, SeriesStreamDecoder } from '../src/series_stream.ts';
import type { StreamedFrame, StreamRecord } from '../src/series_stream.ts';

const FRAMES: StreamedFrame[] = [
  { sop: '1.2.3', number: 1, syntax: '1.2.840.10008.1.2.4.202', rows: 64, columns: 64, size: 10, levels: [3, 6, 10] },
  { sop: '1.2.4', number: 1, syntax: '1.2.840.10008.1.2.4.202', rows: 64, columns: 64, size: 4, levels: [4] },
];

function record(kind: number, level: number, frame: number, offset: number, bytes: Uint8Array): Uint8Array {
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

const index = (version = 1): Uint8Array => record(0, 0, 0, 0, new TextEncoder().encode(JSON.stringify({ version, frames: FRAMES })));
const END = record(2, 0, 0, 0, new Uint8Array());
const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const STREAM = joined(index(), record(1, 0, 0, 0, Uint8Array.of(1, 2, 3)), record(1, 0, 1, 0, Uint8Array.of(9, 9, 9, 9)), record(1, 2, 0, 3, Uint8Array.of(4, 5, 6, 7, 8, 9, 10)), END);

function read(stream: Uint8Array, chunk: number): StreamRecord[] {
  const decoder = new SeriesStreamDecoder();
  const found: StreamRecord[] = [];
  for (let at = 0; at < stream.length; at += chunk) found.push(...decoder.push(stream.slice(at, at + chunk)));
  decoder.finish();
  return found;
}

test('chunks of any size give the same records', () => {
  const whole = read(STREAM, STREAM.length);
  assert.deepEqual(whole.map((one) => one.kind), ['index', 'bytes', 'bytes', 'bytes', 'end']);
  for (const chunk of [1, 2, 3, 7, 15, 16, 17, 64, 1000]) assert.deepEqual(read(STREAM, chunk), whole);
});

test('records come as soon as they are whole', () => {
  const decoder = new SeriesStreamDecoder();
  const head = index();
  assert.deepEqual([...decoder.push(head.slice(0, -1))], []);
  assert.equal([...decoder.push(head.slice(-1))].length, 1);
});

test('a stream that stops before its end is told', () => {
  for (const cut of [5, 20, STREAM.length - 17, STREAM.length - 1]) assert.throws(() => read(STREAM.slice(0, cut), 9), NotASeriesStream);
});

test('what is no series stream is refused', () => {
  const bytes = record(1, 0, 0, 0, Uint8Array.of(1));
  const wrong = [bytes, joined(index(), index()), joined(index(), record(7, 0, 0, 0, new Uint8Array())), index(2),
    joined(index(), record(1, 0, 2, 0, Uint8Array.of(1))), joined(STREAM, Uint8Array.of(0)), record(0, 0, 0, 0, Uint8Array.of(123))];
  for (const stream of wrong) assert.throws(() => read(stream, stream.length), NotASeriesStream);
  const long = record(1, 0, 0, 0, new Uint8Array());
  new DataView(long.buffer).setUint32(12, 0xffffffff, true);
  assert.throws(() => read(joined(index(), long), 64), NotASeriesStream);
});

test('a frame says which resolution is whole', () => {
  const frame = new GrowingFrame(FRAMES[0]!);
  assert.deepEqual([frame.level, frame.whole], [-1, false]);
  assert.equal(frame.add(0, Uint8Array.of(1, 2)), false);
  assert.equal(frame.add(2, Uint8Array.of(3)), true);
  assert.deepEqual([frame.level, frame.reductions, [...frame.bytes]], [0, 2, [1, 2, 3]]);
  assert.equal(frame.add(3, Uint8Array.of(4, 5, 6, 7)), true);
  assert.deepEqual([frame.level, frame.reductions], [1, 1]);
  assert.equal(frame.add(7, Uint8Array.of(8, 9, 10)), true);
  assert.deepEqual([frame.level, frame.reductions, frame.whole], [2, 0, true]);
});

test('bytes that came before are taken again; a gap or too many are not', () => {
  const frame = new GrowingFrame(FRAMES[0]!);
  frame.add(0, Uint8Array.of(1, 2, 3));
  assert.equal(frame.add(0, Uint8Array.of(1, 2, 3)), false);
  assert.equal(frame.bytes.length, 3);
  assert.throws(() => frame.add(4, Uint8Array.of(5)), NotASeriesStream);
  assert.throws(() => frame.add(3, new Uint8Array(8)), NotASeriesStream);
});
