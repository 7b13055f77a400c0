import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Samples } from '../src/slice.ts';
import { colourValues, enlarged, greyValues, range, through } from '../src/values.ts';

const of = (more: Partial<Samples>): Samples => ({ rows: 1, columns: 2, perPixel: 1, allocated: 16, stored: 16, signed: false, planar: false, photometric: 'MONOCHROME2', ...more });
const SAME = { slope: 1, intercept: 0 };
const bytes = (found: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(found.buffer);

test('signed samples keep their sign, whatever lies above their bits', () => {
  const twelve = of({ stored: 12, signed: true });
  assert.deepEqual([...greyValues(bytes(Uint16Array.of(0x0fff, 0xf7ff)), twelve, SAME)], [-1, 2047]);
});

test('an overlay above the bits of unsigned samples is no value', () => {
  assert.deepEqual([...greyValues(bytes(Uint16Array.of(0x8123, 0x0fff)), of({ stored: 12 }), SAME)], [0x123, 0xfff]);
});

test('values go through slope and intercept into an array that holds them', () => {
  const hounsfield = greyValues(bytes(Uint16Array.of(0, 4095)), of({ stored: 12 }), { slope: 1, intercept: -1024 });
  assert.deepEqual([hounsfield.constructor, ...hounsfield], [Int16Array, -1024, 3071]);
  const wide = greyValues(bytes(Uint16Array.of(0, 65535)), of({}), { slope: 1, intercept: -1024 });
  assert.deepEqual([wide.constructor, ...wide], [Float32Array, -1024, 64511]);
  const parts = greyValues(bytes(Uint16Array.of(1, 3)), of({ stored: 12 }), { slope: 0.5, intercept: 0 });
  assert.deepEqual([parts.constructor, ...parts], [Float32Array, 0.5, 1.5]);
});

test('bits and long samples are read', () => {
  assert.deepEqual([...greyValues(Uint8Array.of(0b101), of({ columns: 3, allocated: 1, stored: 1 }), SAME)], [1, 0, 1]);
  assert.deepEqual([...greyValues(bytes(Uint32Array.of(1, 70000)), of({ allocated: 32, stored: 32 }), SAME)], [1, 70000]);
});

test('a frame that is too short is refused', () => {
  assert.throws(() => greyValues(Uint8Array.of(1, 2, 3), of({}), SAME));
  assert.throws(() => colourValues(Uint8Array.of(1, 2, 3), of({ allocated: 8, perPixel: 3 }), false));
});

test('colours by plane become colours by pixel', () => {
  assert.deepEqual([...colourValues(Uint8Array.of(1, 2, 3, 4, 5, 6), of({ allocated: 8, perPixel: 3 }), true)], [1, 3, 5, 2, 4, 6]);
});

test('a reduced picture lies on the whole one’s grid: every second sample is its own', () => {
  const small = through([0, 10, 20, 30], of({ rows: 2, columns: 2, stored: 12 }), SAME);
  const whole = enlarged(small, 2, 4, 4, 1);
  assert.deepEqual([whole[0], whole[2], whole[8], whole[10]], [0, 10, 20, 30]);
  assert.deepEqual([whole[1], whole[4], whole[15]], [5, 10, 30]);
});

test('reduced colours are not mixed with each other', () => {
  assert.deepEqual([...enlarged(Uint8Array.of(0, 100, 200), 1, 1, 2, 1, 3)], [0, 100, 200, 0, 100, 200]);
});

test('a window for images that ask for none leaves out the outermost values', () => {
  const values = Int16Array.from({ length: 1000 }, (_, place) => (place === 0 ? 30000 : place % 100));
  const found = range(values);
  assert.equal(found.high, 30000);
  assert.ok(found.to < 100);
});
