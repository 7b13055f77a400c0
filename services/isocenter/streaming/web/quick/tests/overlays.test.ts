import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../src/dataset.ts';
import { hasOthers, maskOf, overlaysOf } from '../src/overlays.ts';

const value = (...Value: unknown[]): { Value: unknown[] } => ({ Value });
const plane = (more: DataSet = {}): DataSet => ({
  '60020010': value(2), '60020011': value(5), '60020040': value('G'), '60020050': value(3, 4), '60020100': value(1),
  '60023000': { InlineBinary: 'IQM=' }, ...more, // 0x21, 0x03: pixels 0, 5, 8 and 9
});

test('bits are counted from the least significant, and lie where the origin says', () => {
  const [found] = overlaysOf(plane(), 1);
  assert.deepEqual([found?.row, found?.column], [2, 3]);
  assert.deepEqual([...maskOf(found!, Uint8Array.of(0x21, 0x03))], [1, 0, 0, 0, 0, 1, 0, 0, 1, 1]);
  assert.throws(() => maskOf(found!, Uint8Array.of(0x21)), RangeError);
});

test('planes of some frames lie on those', () => {
  const many = plane({ '60020015': value(2), '60020051': value(3) });
  assert.deepEqual([1, 2, 3, 4, 5].map((frame) => overlaysOf(many, frame)[0]?.skipped), [undefined, undefined, 0, 10, undefined]);
});

test('bits among those of the pixels, and none at all, are told', () => {
  for (const more of [{ '60020100': value(16) }, { '60023000': {} }]) {
    assert.deepEqual(overlaysOf(plane(more), 1), []);
    assert.equal(hasOthers(plane(more)), true);
  }
  assert.equal(hasOthers(plane()), false);
  assert.equal(hasOthers({ '00280010': value(4) }), false);
});
