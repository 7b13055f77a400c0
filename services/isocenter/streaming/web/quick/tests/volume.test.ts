import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../src/dataset.ts';
import { slicesOf } from '../src/slice.ts';
import type { Slice } from '../src/slice.ts';
import { volumeOf } from '../src/volume.ts';

const value = (...Value: unknown[]): { Value: unknown[] } => ({ Value });
function at(z: number, more: DataSet = {}): Slice {
  const [slice] = slicesOf({
    '0020000E': value('1.2'), '00080018': value(`1.2.${z}.${JSON.stringify(more).length}`), '00080060': value('CT'), '00280010': value(4), '00280011': value(6),
    '00280100': value(16), '00280030': value(1, 1), '00200032': value(0, 0, z), '00200037': value(1, 0, 0, 0, 1, 0), ...more,
  });
  return slice!;
}
const series = (...depths: number[]): Slice[] => depths.map((z) => at(z));
const refused = (slices: Slice[]): string => {
  const found = volumeOf(slices, new Map(), slices[0]!);
  assert.equal(typeof found, 'string');
  return found as string;
};

test('even, parallel slices make a volume, by position', () => {
  const found = volumeOf(series(8, 2, 4, 0, 6), new Map(), at(4)) as Slice[];
  assert.deepEqual(found.map((slice) => slice.plane.origin[2]), [0, 2, 4, 6, 8]);
});

test('of several stacks the one that is shown makes the volume', () => {
  const slices = [...series(0, 2, 4, 6, 8), ...[0, 2, 4, 6, 8].map((z) => at(z, { '00200012': value(2) }))];
  const stacks = new Map(slices.map((slice, place) => [slice.key, place < 5 ? 1 : 2]));
  const found = volumeOf(slices, stacks, slices[7]!) as Slice[];
  assert.deepEqual(found.map((slice) => stacks.get(slice.key)), [2, 2, 2, 2, 2]);
});

test('no volume is made of slices that would show something else than there is', () => {
  assert.match(refused(series(0, 2, 4)), /too few/);
  assert.match(refused(series(0, 2, 4, 8, 10, 12)), /missing/);
  assert.match(refused([...series(0, 2, 4, 6), at(6)]), /missing, doubled/);
  assert.match(refused([...series(0, 2, 4, 6), at(8, { '00280030': value(2, 2) })]), /several sizes/);
  assert.match(refused([...series(0, 2, 4, 6), at(8, { '00200037': value(0, 1, 0, 0, 0, -1) })]), /directions/);
  assert.match(refused([0, 2, 4, 6, 8].map((z) => at(z, { '00280030': value() }))), /scale/);
  assert.match(refused([0, 2, 4, 6, 8].map((z) => at(z, { '00280002': value(3) }))), /colours/);
  assert.match(refused([0, 2, 4, 6, 8].map((z) => at(z, { '00200032': value(0, z, z) }))), /tilted/);
});
