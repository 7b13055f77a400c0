import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../src/dataset.ts';
import { entriesOf, modalityLutOf } from '../src/luts.ts';
import type { Lut } from '../src/luts.ts';
import { emptyFor, through } from '../src/values.ts';

const value = (...Value: unknown[]): { Value: unknown[] } => ({ Value });
const told = (more: DataSet): DataSet => ({ '00283000': value({ '00283002': value(3, 10, 12), '00283006': value(100, 2000, 4000), ...more }) });
const SAMPLES = { rows: 1, columns: 4, perPixel: 1, allocated: 16, stored: 12, signed: false, planar: false, photometric: 'MONOCHROME2' };

test('values below the first entry have it, and those above the last have that', () => {
  const lut = modalityLutOf(told({}), false) as Lut;
  const scale = { slope: 1, intercept: 0, lut };
  const out = through([0, 10, 11, 4000], SAMPLES, scale, entriesOf(lut, new Uint8Array()));
  assert.deepEqual([out.constructor, ...out], [Uint16Array, 100, 100, 2000, 4000]);
  assert.equal(emptyFor(SAMPLES, { ...scale, lut: { ...lut, bits: 8 } }, 1).constructor, Uint8Array);
});

test('entries are words or bytes, however many there are', () => {
  const lut = modalityLutOf(told({ '00283002': value(3, 0, 16), '00283006': { InlineBinary: 'AQACAAMA' } }), false) as Lut;
  assert.deepEqual([...entriesOf(lut, Uint8Array.of(1, 0, 2, 1, 3, 0))], [1, 258, 3]);
  assert.deepEqual([...entriesOf(lut, Uint8Array.of(1, 2, 3))], [1, 2, 3]);
  assert.throws(() => entriesOf(lut, Uint8Array.of(1)), RangeError);
});

test('a descriptor of 0 entries means 65536, and its first value has the sign of the samples', () => {
  const lut = modalityLutOf(told({ '00283002': value(0, 65_036, 16) }), true) as Lut;
  assert.deepEqual([lut.count, lut.first], [65_536, -500]);
});

test('an image without a table has none, and one that cannot be read is told', () => {
  assert.equal(modalityLutOf({}, false), undefined);
  assert.equal(modalityLutOf(told({ '00283006': {} }), false), 'none');
});
