import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arriving, forget } from '../src/arriving.ts';
import type { OpenOrder, StreamOrder } from '../src/orders.ts';
import { END, joined, packed, record } from './records.ts';
import type { Bytes } from './records.ts';

const SYNTAX = '1.2.840.10008.1.2.4.202';
const SOPS = ['1.2.3', '1.2.4', '1.2.5'];
const value = (...Value: unknown[]): { Value: unknown[] } => ({ Value });
const COMMON = { '0020000D': value('1.1'), '0020000E': value('1.2'), '00280010': value(64), '00280011': value(64), '00280100': value(16), '00280101': value(12) };
const own = (...sops: string[]): object[] => sops.map((sop) => ({ '00080018': value(sop) }));
const index = record(0, 0, 0, 0, packed({
  version: 1, series: '1.2', of: 'abc', focus: 1, bytes: 9, images: [{ sops: SOPS, frames: [1, 1, 1], syntax: SYNTAX, photometric: 'MONOCHROME2', rows: 64, columns: 64, levels: 2 }],
}));
const near = record(3, 0, 0, 0, packed({ common: COMMON, own: own('1.2.4', '1.2.3') }));
const every = record(3, 1, 0, 0, packed({ common: COMMON, own: own(...SOPS) }));
const bytes = (level: number, frame: number, offset: number): Bytes => record(1, level, frame, offset, Uint8Array.of(level, frame, offset));
const OPEN: OpenOrder = { kind: 'open', id: 1, address: '/stream?documents=1' };

async function taken(arriving: Arriving, chunk: Bytes): Promise<{ key: string; every: boolean; from: number; count: number; own: object[] }[]> {
  const found = [];
  for await (const told of arriving.take(chunk)) found.push(told);
  return found;
}
const keys = (arriving: Arriving): string[] => [...arriving.better()].map(([slice, one]) => `${slice.key} ${one.level}`);

test('the first pictures can be shown before the documents of all are here', async () => {
  const arriving = new Arriving(OPEN);
  assert.equal(arriving.address, OPEN.address);
  const [first] = await taken(arriving, joined(index, near, bytes(0, 1, 0), bytes(0, 0, 0), bytes(0, 2, 0)));
  assert.deepEqual({ ...first, common: {} }, {
    kind: 'documents', series: '1.2', every: false, common: {}, own: own('1.2.3', '1.2.4'), key: 'slice:1.2.4:1', from: 0, count: 3,
  });
  assert.deepEqual(keys(arriving), ['slice:1.2.4:1 0', 'slice:1.2.3:1 0']);
  const [all] = await taken(arriving, every);
  assert.equal(all?.every, true);
  assert.deepEqual(keys(arriving), ['slice:1.2.5:1 0']); // its bytes had come before
  await taken(arriving, END);
  arriving.finish();
});

test('a series of which nothing can be decoded as it comes is left at once', async () => {
  const wrapped = record(0, 0, 0, 0, packed({ version: 1, series: '1.3', of: 'x', focus: 0, bytes: 9, images: [{ sops: SOPS, frames: [1, 1, 1], syntax: '1.2.840.10008.1.2.4.50', photometric: 'MONOCHROME2', rows: 64, columns: 64, levels: 1 }] }));
  await assert.rejects(taken(new Arriving(OPEN), wrapped), /as it comes/);
});

test('what has come is told when one goes on from elsewhere, until it is forgotten', async () => {
  const opened = new Arriving(OPEN);
  await taken(opened, joined(index, bytes(0, 1, 0)));
  const order: StreamOrder = { kind: 'stream', id: 2, series: '1.2', address: '/stream', focus: 2, slices: {} };
  const further = new Arriving(order);
  assert.equal(further.address, '/stream?focus=2&of=abc&have=1:0');
  await taken(further, joined(index, bytes(1, 1, 3)));
  await assert.rejects(taken(new Arriving(OPEN), joined(index, bytes(1, 1, 3)))); // one that is opened begins anew
  forget('1.2');
  assert.equal(new Arriving(order).address, '/stream?focus=2');
});
