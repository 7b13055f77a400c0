import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hangings } from '../src/hanging.ts';
import type { Protocol } from '../src/hanging.ts';
import type { Listed } from '../src/stacks.ts';

function series(modality: string, label: string, more: { plane?: string; phase?: string; sequence?: string; kernel?: string; description?: string } = {}): Listed {
  const { description = '', ...told } = more;
  return { uid: label, number: 1, modality, description, images: 10, label, details: '', arranged: { seriesInstanceUID: label, label, instances: [], ...told } };
}
const PHASES: Protocol = {
  name: 'phases', modality: ['CT'], rows: 1, columns: 3, panes: [
    { choose: { plane: 'axial', phase: 'native' }, optional: true }, { choose: { plane: 'axial', phase: 'arterial' }, window: 'Liver' },
    { choose: { plane: 'axial', phase: ['portal venous', 'delayed'] } },
  ],
};
const axial = (phase: string): Listed => series('CT', `CT ${phase}, axial`, { plane: 'axial', phase });
const names = (own: Listed[], priors: Listed[] = [], ...protocols: Protocol[]): string[][] => hangings(protocols, own, priors).map(({ placed }) => placed.map((one) => one.series.label));

test('each pane takes the series that fits', () => {
  const own = [axial('delayed'), axial('native'), axial('arterial')];
  assert.deepEqual(names(own, [], PHASES), [['CT native, axial', 'CT arterial, axial', 'CT delayed, axial']]);
});

test('a pane that is optional is left out, and its room with it', () => {
  const [hung] = hangings([PHASES], [axial('arterial'), axial('portal venous')], []);
  assert.deepEqual([hung!.placed.length, hung!.rows, hung!.columns, hung!.placed[0]!.window], [2, 1, 2, 'Liver']);
});

test('a protocol does not hold where a series is missing or the modality is another', () => {
  assert.deepEqual(names([axial('arterial')], [], PHASES), []);
  assert.deepEqual(names([series('MR', 'MR', { plane: 'axial', phase: 'arterial' })], [], PHASES), []);
});

test('no series hangs twice', () => {
  const both: Protocol = { name: 'both', modality: [], rows: 1, columns: 2, panes: [{ choose: { modality: 'DX' } }, { choose: { modality: 'DX' } }] };
  assert.deepEqual(names([series('DX', 'DX PA')], [], both), []);
  assert.deepEqual(names([series('DX', 'DX PA'), series('DX', 'DX LAT')], [], both), [['DX PA', 'DX LAT']]);
});

test('views are words of a label, diffusion begins its sequence', () => {
  const views: Protocol = { name: 'views', modality: ['MG'], rows: 1, columns: 2, panes: [{ choose: { label: 'RCC' } }, { choose: { label: 'lcc' } }] };
  assert.deepEqual(names([series('MG', 'MG LCC'), series('MG', 'MG RCC')], [], views), [['MG RCC', 'MG LCC']]);
  const diffusion: Protocol = { name: 'dwi', modality: [], rows: 1, columns: 1, panes: [{ choose: { sequence: 'DWI' } }] };
  assert.deepEqual(names([series('MR', 'DWI b0 b1000', { sequence: 'DWI b0 b1000' })], [], diffusion), [['DWI b0 b1000']]);
});

test('a prior’s pane takes a series of the prior', () => {
  const beside: Protocol = { name: 'prior', modality: ['CT'], rows: 1, columns: 2, panes: [{ choose: { plane: 'axial' } }, { choose: { plane: 'axial' }, prior: true }] };
  const [now, before] = [axial('native'), axial('arterial')];
  assert.deepEqual(names([now], [], beside), []);
  assert.deepEqual(names([now], [before], beside), [[now.label, before.label]]);
});
