import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../src/dataset.ts';
import { angle, area, distance, spacingAt, spacingOf, written } from '../src/spacing.ts';

const SPACING = { '00280030': { vr: 'DS', Value: [0.5, 0.25] } };
const DETECTOR = { '00181164': { vr: 'DS', Value: [0.2, 0.2] } };
const CALIBRATED = { '00280030': { vr: 'DS', Value: [0.15, 0.15] } };
const said = (ds: DataSet, modality: string): string => spacingOf(ds, modality).said;

test('rows and columns each have their own spacing: the first value is between rows', () => {
  const spacing = spacingOf(SPACING, 'CT');
  assert.equal(distance(spacing, [0, 0], [0, 10]), 5);
  assert.equal(distance(spacing, [0, 0], [10, 0]), 2.5);
  assert.deepEqual([spacing.said, spacing.warning], ['mm', '']);
});

test('an enhanced image has its spacing from the functional group of the frame', () => {
  assert.equal(spacingOf({}, 'MR', SPACING).row, 0.5);
});

test('of a projection the detector’s spacing is said to be the detector’s', () => {
  for (const modality of ['CR', 'DX', 'MG', 'XA']) assert.equal(said(DETECTOR, modality), 'mm at detector');
  assert.equal(said({ ...DETECTOR, '00280030': { Value: [0.2, 0.2] } }, 'DX'), 'mm at detector');
});

test('a magnified projection is measured at the detector and warned of', () => {
  const spacing = spacingOf({ ...DETECTOR, '00181114': { Value: [1.5] } }, 'XA');
  assert.equal(spacing.row, 0.2);
  assert.match(spacing.warning, /1\.50 times/);
});

test('a calibrated projection says that it is, and how', () => {
  const ds = { ...DETECTOR, ...CALIBRATED, '00280A02': { Value: ['FIDUCIAL'] } };
  assert.equal(spacingOf(ds, 'DX').row, 0.15);
  assert.equal(said(ds, 'DX'), 'mm calibrated by a fiducial');
  assert.equal(said({ ...CALIBRATED, '00280A02': { Value: ['GEOMETRY'] } }, 'CR'), 'mm calibrated by geometry');
});

test('a calibration that does not say how is used and doubted', () => {
  const spacing = spacingOf({ ...DETECTOR, ...CALIBRATED }, 'DX');
  assert.deepEqual([spacing.row, spacing.said], [0.15, 'mm calibrated']);
  assert.match(spacing.warning, /not said/);
});

test('a projection with pixel spacing alone does not say in which plane it is', () => {
  const spacing = spacingOf(CALIBRATED, 'CR');
  assert.equal(spacing.said, 'mm, plane unknown');
  assert.notEqual(spacing.warning, '');
});

test('a scanned film is measured on the film', () => {
  assert.equal(said({ '00182010': { Value: [0.1, 0.1] } }, 'OT'), 'mm on film');
});

test('without spacing, lengths are pixels with a warning', () => {
  for (const modality of ['CT', 'DX', 'OT', 'US']) {
    const spacing = spacingOf({}, modality);
    assert.deepEqual([spacing.unit, spacing.row, spacing.column], ['px', 1, 1]);
    assert.match(spacing.warning, /pixels/);
  }
});

test('wrong spacing is never silent and never used', () => {
  for (const wrong of [[0, 0.5], [-1, 1], [0.5], ['x', 'y'], [Number.NaN, 1]]) {
    const spacing = spacingOf({ '00280030': { Value: wrong } }, 'CT');
    assert.equal(spacing.unit, 'px');
    assert.match(spacing.warning, /not a pair of positive numbers/);
  }
  const projection = spacingOf({ ...DETECTOR, '00280030': { Value: [0, 0] } }, 'DX');
  assert.deepEqual([projection.said, projection.row], ['mm at detector', 0.2]);
  assert.notEqual(projection.warning, '');
});

test('pixels that are not square are told when there is no spacing', () => {
  assert.match(spacingOf({ '00280034': { Value: [2, 1] } }, 'OT').warning, /not square/);
});

const region = (left: number, right: number, delta: number, format = 1): DataSet => ({
  '00186018': { Value: [left] }, '0018601A': { Value: [0] }, '0018601C': { Value: [right] }, '0018601E': { Value: [99] },
  '00186012': { Value: [format] }, '00186024': { Value: [3] }, '00186026': { Value: [3] },
  '0018602C': { Value: [delta] }, '0018602E': { Value: [-delta] },
});

test('an ultrasound length inside one region has that region’s scale', () => {
  const ds = { '00186011': { Value: [region(0, 99, 0.01), region(100, 199, 0.02)] } };
  const frame = spacingOf(ds, 'US');
  assert.equal(spacingAt(ds, frame, [[10, 10], [20, 10]]).column, 0.1);
  assert.equal(spacingAt(ds, frame, [[110, 10], [120, 10]]).column, 0.2);
});

test('an ultrasound length across regions, outside them, in a trace or where regions differ is in pixels', () => {
  const ds = { '00186011': { Value: [region(0, 99, 0.01), region(100, 199, 0.02), region(200, 299, 0.01, 3)] } };
  const frame = spacingOf(ds, 'US');
  for (const places of [[[10, 10], [120, 10]], [[10, 200], [20, 200]], [[210, 10], [220, 10]]] as const) {
    assert.equal(spacingAt(ds, frame, places.map(([x, y]) => [x, y] as const)).unit, 'px');
  }
  const lying = { '00186011': { Value: [region(0, 99, 0.01), region(0, 99, 0.02)] } };
  assert.equal(spacingAt(lying, spacingOf(lying, 'US'), [[10, 10], [20, 10]]).unit, 'px');
});

test('angles and areas follow the spacing', () => {
  const spacing = spacingOf(SPACING, 'CT'); // 45 degrees on the screen are not 45 in the array
  assert.ok(Math.abs(angle(spacing, [2, 0], [0, 0], [2, 1]) - 45) < 1e-9);
  assert.equal(area(spacing, [[0, 0], [10, 0]], [[0, 0], [0, 10]], 'rectangle'), 12.5);
  assert.ok(Math.abs(area(spacing, [[5, 0], [5, 10]], [[0, 5], [10, 5]], 'ellipse') - (12.5 * Math.PI) / 4) < 1e-9);
});

test('what is written names its scale', () => {
  assert.equal(written(spacingOf(SPACING, 'CT'), 12.34), '12.3 mm');
  assert.equal(written(spacingOf(DETECTOR, 'DX'), 1.234), '1.23 mm at detector');
  assert.equal(written(spacingOf(DETECTOR, 'DX'), 100, 2), '100.0 mm² at detector');
  assert.equal(written(spacingOf({}, 'OT'), 100.26), '100.3 px');
});
