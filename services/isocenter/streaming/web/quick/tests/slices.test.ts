import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../src/dataset.ts';
import { lettersByRowAndColumn, lettersOf } from '../src/letters.ts';
import { arrangedBy, nearest, ordered, stacksOf } from '../src/order.ts';
import { depthOf, placeInStream, placeOf, pointOf, slicesOf } from '../src/slice.ts';
import type { Slice } from '../src/slice.ts';

const value = (...Value: unknown[]): { Value: unknown[] } => ({ Value });
function picture(number: number, z: number, more: DataSet = {}): DataSet {
  return {
    '0020000D': value('1.1'), '0020000E': value('1.2'), '00080018': value(`1.2.${number}`), '00080060': value('CT'), '00200013': value(number),
    '00280010': value(4), '00280011': value(6), '00280100': value(16), '00280101': value(12), '00280103': value(0), '00280030': value(2, 1),
    '00200032': value(-10, -20, z), '00200037': value(1, 0, 0, 0, 1, 0), '00281052': value(-1024), '00281053': value(1), ...more,
  };
}
const series = (...depths: number[]): Slice[] => depths.flatMap((z, place) => slicesOf(picture(place + 1, z)));
const numbers = (slices: readonly Slice[]): (number | undefined)[] => slices.map((slice) => slice.number);

test('slices go by position, the way their numbers go', () => {
  const shuffled = series(0, 5, 10, 15).reverse();
  assert.deepEqual(numbers(ordered(shuffled).slices), [1, 2, 3, 4]);
  assert.deepEqual(numbers(ordered(series(15, 10, 5, 0)).slices), [1, 2, 3, 4]);
  assert.deepEqual(numbers(ordered(series(0, 10, 5, 15)).slices), [1, 3, 2, 4]); // numbered wrong
  assert.deepEqual(ordered(shuffled).warnings, []);
});

test('a missing slice is warned of with its place', () => {
  assert.match(ordered(series(0, 5, 10, 20, 25)).warnings.join(), /10\.0 mm between 3 and 4/);
});

test('several slices at one place, and several planes, go by number and are told', () => {
  assert.match(ordered(series(0, 5, 0, 5)).warnings.join(), /one position/);
  const tilted = slicesOf(picture(4, 3, { '00200037': value(1, 0, 0, 0, 0, -1) }));
  assert.match(ordered([...series(0, 5, 10), ...tilted]).warnings.join(), /several planes/);
});

test('the server’s order and warnings win', () => {
  const arranged = { seriesInstanceUID: '1.2', warnings: [{ code: 'gap', message: 'A slice is missing' }], instances: [{ sopInstanceUID: '1.2.3' }, { sopInstanceUID: '1.2.1' }, { sopInstanceUID: '1.2.2' }] };
  const found = arrangedBy(series(0, 5, 10), arranged);
  assert.deepEqual([numbers(found.slices), found.warnings], [[3, 1, 2], ['A slice is missing']]);
});

test('the server’s order reaches into an instance with frames', () => {
  const frames = slicesOf(picture(1, 0, { '00280008': value(3) }));
  const arranged = { seriesInstanceUID: '1.2', instances: [{ sopInstanceUID: '1.2.1', frames: 3, frameOrder: [{ frame: 3, stack: 1 }, { frame: 1, stack: 1 }, { frame: 2, stack: 2 }] }] };
  const found = arrangedBy(frames, arranged);
  assert.deepEqual([...stacksOf(found.slices, arranged).values()], [1, 1, 2]);
  assert.deepEqual(found.slices.map((slice) => slice.frame), [3, 1, 2]);
});

test('an enhanced image has position, spacing, scale and window by frame', () => {
  const group = (z: number, slope: number): DataSet => ({
    '00209113': value({ '00200032': value(0, 0, z) }), '00289145': value({ '00281052': value(z), '00281053': value(slope) }),
    '00289132': value({ '00281050': value(40 + z), '00281051': value(400) }),
  });
  const shared = { '00209116': value({ '00200037': value(0, 1, 0, 0, 0, -1) }), '00289110': value({ '00280030': value(0.5, 0.5) }) };
  const [first, second] = slicesOf(picture(1, 0, { '00280008': value(2), '52009229': value(shared), '52009230': value(group(1, 2), group(7, 3)) }));
  assert.deepEqual([first!.plane.origin, second!.plane.origin], [[0, 0, 1], [0, 0, 7]]);
  assert.deepEqual(second!.plane.right, [0, 1, 0]);
  assert.deepEqual([second!.slope, second!.intercept, second!.window!.center, second!.spacing.row], [3, 7, 47, 0.5]);
});

test('a dose’s frames lie where its offsets say', () => {
  const dose = slicesOf(picture(1, 100, { '00280008': value(3), '3004000C': value(0, 3, 6) }));
  assert.deepEqual(dose.map(depthOf), [100, 103, 106]);
});

test('a stream counts the frames of one instance after those of another', () => {
  const many = slicesOf(picture(1, 0, { '00280008': value(3) }));
  const [other] = slicesOf(picture(2, 5));
  const [a, b, c] = many;
  const mixed = [c!, a!, other!, b!]; // as a reader may see them
  assert.deepEqual(mixed.map((slice) => placeInStream(mixed, slice)), [2, 0, 3, 1]);
});

test('places and points are each other’s way back', () => {
  const [slice] = series(5);
  assert.deepEqual(pointOf(slice!, [3, 2]), [-7, -16, 5]);
  assert.deepEqual(placeOf(slice!, [-7, -16, 5]), [3, 2]);
});

test('an orientation that is none is told and not used', () => {
  const [slice] = slicesOf(picture(1, 0, { '00200037': value(1, 0, 0, 1, 0, 0) }));
  assert.equal(slice!.plane.patient, false);
  assert.match(slice!.warnings.join(), /orientation/);
});

test('what is not shown as it is meant is told', () => {
  const told = (more: DataSet): string => slicesOf(picture(1, 0, more))[0]!.warnings.join();
  assert.match(told({ '00283010': value({ '00283002': value(1, 0, 8) }) }), /lookup table in place/);
  assert.match(told({ '00283000': value({ '00283002': value(1, 0, 8) }) }), /modality lookup table cannot/);
  assert.match(told({ '60000010': value(4), '60000011': value(6), '60000100': value(16) }), /overlays/);
  assert.equal(told({ '00281056': value('LINEAR') }), '');
});

test('the nearest slice of another series is found by position, none across planes', () => {
  const [slice] = series(11);
  assert.equal(nearest(series(0, 5, 10, 15), slice!), 2);
  assert.equal(nearest(slicesOf(picture(1, 0, { '00200037': value(1, 0, 0, 0, 0, -1) })), slice!), undefined);
});

test('letters say which way the patient lies', () => {
  assert.equal(lettersOf([1, 0, 0]), 'L');
  assert.equal(lettersOf([0, -1, 0]), 'A');
  assert.equal(lettersOf([0, 0, -2]), 'F');
  assert.equal(lettersOf([0, 0.8, 0.6]), 'PH');
  assert.equal(lettersOf([0, 0.99, 0.1]), 'P');
});

test('Patient Orientation’s letters follow turning and mirroring', () => {
  assert.equal(lettersByRowAndColumn([1, 0, 0], 'L', 'F'), 'L');
  assert.equal(lettersByRowAndColumn([-1, 0, 0], 'L', 'F'), 'R');
  assert.equal(lettersByRowAndColumn([0, -1, 0], 'L', 'FR'), 'HL');
  assert.equal(lettersByRowAndColumn([0.7, 0.7, 0], 'L', 'F'), '');
});
