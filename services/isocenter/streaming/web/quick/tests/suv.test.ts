import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../src/dataset.ts';
import { suvOf } from '../src/suv.ts';

const value = (...Value: unknown[]): { Value: unknown[] } => ({ Value });
const dose = (more: DataSet = {}): { Value: unknown[] } => value({ '00181074': value(370e6), '00181075': value(6586.2), '00181072': value('090000'), ...more });
const pet = (more: DataSet = {}): DataSet => ({
  '00080060': value('PT'), '00541001': value('BQML'), '00541102': value('START'), '00101030': value(70), '00540016': dose(),
  '00080021': value('20260102'), '00080031': value('100000.00'), '00080022': value('20260102'), '00080032': value('100212'), ...more,
});

test('an activity becomes an uptake by weight and what is left of the dose when the scan began', () => {
  const found = suvOf(pet());
  const left = 370e6 * 2 ** (-3600 / 6586.2);
  assert.ok(typeof found === 'object' && Math.abs(found.factor - 70_000 / left) < 1e-12);
  assert.equal(found.said, 'SUVbw');
});

test('values corrected to when the dose was given take the whole dose', () => {
  assert.deepEqual(suvOf(pet({ '00541102': value('ADMIN') })), { factor: 70_000 / 370e6, said: 'SUVbw' });
});

test('a dose of the evening before and one with its date are of their own time', () => {
  const night = { '00080031': value('003000'), '00080032': value('003100') };
  const before = suvOf(pet({ ...night, '00540016': dose({ '00181072': value('233000') }) }));
  const dated = suvOf(pet({ ...night, '00540016': dose({ '00181078': value('20260101233000.00') }) }));
  assert.deepEqual(before, suvOf(pet()));
  assert.deepEqual(dated, before);
});

test('what is given as uptake stays so, and says of what', () => {
  assert.deepEqual(suvOf(pet({ '00541001': value('GML'), '00541006': value('LBM') })), { factor: 1, said: 'SUVlbm' });
});

test('where something is missing nothing is made up, and it is said what', () => {
  const said = (more: DataSet): unknown => suvOf(pet(more));
  assert.match(String(said({ '00101030': value() })), /weight/);
  assert.match(String(said({ '00540016': value() })), /dose/);
  assert.match(String(said({ '00541001': value('CNTS') })), /activities/);
  assert.match(String(said({ '00541102': value('NONE') })), /decay/);
  assert.match(String(said({ '00080031': value('230000') })), /scan began/); // a series made later
  assert.match(String(said({ '00540016': dose({ '00181072': value() }) })), /was given/);
  assert.match(String(said({ '00540016': dose({ '00181078': value('20260102090000+0100') }) })), /was given/);
  assert.equal(suvOf({ '00080060': value('CT') }), undefined);
});
