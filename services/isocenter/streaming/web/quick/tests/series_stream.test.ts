import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrowingFrame, NotASeriesStream, SeriesStreamDecoder, documentsOf, haveOf, indexOf } from '../src/series_stream.ts';
import type { StreamRecord, StreamedFrame } from '../src/series_stream.ts';
import { END, joined, packed, record } from './records.ts';
import type { Bytes } from './records.ts';

const SYNTAX = '1.2.840.10008.1.2.4.202';
const IMAGES = [
  { sops: ['1.2.3', '1.2.4'], frames: [1, 2], syntax: SYNTAX, photometric: 'MONOCHROME2', rows: 64, columns: 48, levels: 3 },
  { sops: ['1.2.5'], frames: [1], syntax: '', photometric: '', rows: 0, columns: 0, levels: 0 },
];
const FRAME: StreamedFrame = { sop: '1.2.3', number: 1, syntax: SYNTAX, rows: 64, columns: 48, levels: 3 };

const index = record(0, 0, 0, 0, packed({ version: 1, focus: 1, bytes: 24, images: IMAGES }));
const STREAM = joined(index, record(1, 0, 0, 0, Uint8Array.of(1, 2, 3)), record(1, 0, 1, 0, Uint8Array.of(9, 9, 9, 9)), record(1, 2, 0, 3, Uint8Array.of(4, 5, 6, 7, 8, 9, 10)), END);

function read(stream: Bytes, chunk: number): StreamRecord[] {
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
  assert.deepEqual([...decoder.push(index.slice(0, -1))], []);
  assert.equal([...decoder.push(index.slice(-1))].length, 1);
});

test('documents come as what is common and what is their own', async () => {
  const told = { common: { '00080060': { vr: 'CS', Value: ['CT'] } }, own: [{ '00080018': { vr: 'UI', Value: ['1.2'] } }, {}] };
  const [, found] = read(joined(index, record(3, 1, 0, 0, packed(told)), END), 50);
  assert.equal(found?.kind === 'documents' && found.every, true);
  assert.deepEqual(await documentsOf(packed(told)), told);
  await assert.rejects(documentsOf(packed({ own: 3 })), NotASeriesStream);
  await assert.rejects(documentsOf(Uint8Array.of(1, 2, 3)), NotASeriesStream);
});

test('a stream that stops before its end is told', () => {
  for (const cut of [5, 20, STREAM.length - 17, STREAM.length - 1]) assert.throws(() => read(STREAM.slice(0, cut), 9), NotASeriesStream);
});

test('what is no series stream is refused', () => {
  const wrong = [record(1, 0, 0, 0, Uint8Array.of(1)), joined(index, index), joined(index, record(7, 0, 0, 0, new Uint8Array())), joined(STREAM, Uint8Array.of(0))];
  for (const stream of wrong) assert.throws(() => read(stream, stream.length), NotASeriesStream);
  const long = record(1, 0, 0, 0, new Uint8Array());
  new DataView(long.buffer).setUint32(12, 0xffffffff, true);
  assert.throws(() => read(joined(index, long), 64), NotASeriesStream);
});

test('the index names every frame of every instance', async () => {
  const [first] = read(STREAM, 100);
  assert.equal(first!.kind, 'index');
  const found = await indexOf((first as { packed: Bytes }).packed);
  assert.deepEqual(found.frames.map(({ sop, number, levels }) => [sop, number, levels]), [['1.2.3', 1, 3], ['1.2.4', 1, 3], ['1.2.4', 2, 3], ['1.2.5', 1, 0]]);
  assert.equal(found.focus, 1);
});

test('an index that is none, or of another version, is refused', async () => {
  for (const bytes of [Uint8Array.of(1, 2, 3), packed({ version: 2, images: [] }), packed('no')]) await assert.rejects(indexOf(bytes), NotASeriesStream);
});

test('a frame says which resolution is whole', () => {
  const frame = new GrowingFrame(FRAME);
  assert.deepEqual([frame.level, frame.whole], [-1, false]);
  frame.add(0, 0, Uint8Array.of(1, 2, 3));
  assert.deepEqual([frame.level, frame.reductions, [...frame.bytes]], [0, 2, [1, 2, 3]]);
  frame.add(2, 3, Uint8Array.of(4, 5));
  assert.deepEqual([frame.level, frame.reductions, frame.whole, [...frame.bytes]], [2, 0, true, [1, 2, 3, 4, 5]]);
});

test('a gap, bytes that came before and a resolution that there is not are refused', () => {
  const frame = new GrowingFrame(FRAME);
  frame.add(0, 0, Uint8Array.of(1, 2, 3));
  for (const [level, offset] of [[1, 4], [1, 2], [0, 3], [3, 3]] as const) assert.throws(() => frame.add(level, offset, Uint8Array.of(5)), NotASeriesStream);
});

test('what is here is told in runs', () => {
  const frames = [0, 0, 2, -1, 0, -1].map((level) => {
    const frame = new GrowingFrame(FRAME);
    if (level >= 0) frame.add(level, 0, Uint8Array.of(1));
    return frame;
  });
  assert.equal(haveOf(frames), '0-1:0,2:2,4:0');
  assert.equal(haveOf([]), '');
});
