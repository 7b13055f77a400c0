// A picture of nothing: what the renderer draws while nobody looks, so that the first real one does not wait for it.
import type { Shown } from './orders.ts';
import { slicesOf } from './slice.ts';
import type { Slice } from './slice.ts';

const SIDE = 64;
const number = (vr: string, ...values: number[]): object => ({ vr, Value: values });

export function nothing(): { slice: Slice; shown: Shown } {
  const [slice] = slicesOf({
    '00080018': { vr: 'UI', Value: ['nothing'] }, '00280004': { vr: 'CS', Value: ['MONOCHROME2'] }, '00280002': number('US', 1),
    '00280010': number('US', SIDE), '00280011': number('US', SIDE), '00280100': number('US', 16), '00280101': number('US', 16),
    '00280103': number('US', 1), '00280030': number('DS', 1, 1),
  });
  const values = new Int16Array(SIDE * SIDE);
  return { slice: slice!, shown: { key: slice!.key, values, columns: SIDE, reductions: 0, low: 0, high: 0, from: 0, to: 0 } };
}
