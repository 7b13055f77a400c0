// The order of a series' slices and what is odd about it: as the server arranged them, or by our own reading. Pure.
import { dot } from './dataset.ts';
import { depthOf, normalOf } from './slice.ts';
import type { Slice } from './slice.ts';

export interface Arranged {
  seriesInstanceUID: string;
  label?: string;
  plane?: string;
  sequence?: string;
  phase?: string;
  kernel?: string;
  warnings?: { code: string; message: string }[];
  instances: { sopInstanceUID: string; frames?: number; stack?: number; frameOrder?: { frame: number; stack: number }[] }[];
}

export interface Ordered { slices: Slice[]; warnings: string[] }

const GAP = 1.1; // steps that differ from the usual one by more than a tenth
const PARALLEL = 0.999;

/** Slices in the order the server gave; what it did not name comes last. */
export function arrangedBy(slices: readonly Slice[], arranged: Arranged): Ordered {
  const places = new Map<string, number>();
  for (const { sopInstanceUID, frameOrder = [] } of arranged.instances) {
    for (const { frame } of frameOrder) places.set(`${sopInstanceUID}:${frame}`, places.size);
    if (!frameOrder.length) places.set(sopInstanceUID, places.size);
  }
  const place = (slice: Slice): number => places.get(`${slice.instance}:${slice.frame}`) ?? places.get(slice.instance) ?? Infinity;
  const sorted = [...slices].sort((a, b) => compare(place(a), place(b)) || a.frame - b.frame);
  return { slices: sorted, warnings: (arranged.warnings ?? []).map((one) => one.message) };
}

/** Which stack (phase, echo, b-value) each slice is in, by key, where the server divides the series into several. */
export function stacksOf(slices: readonly Slice[], arranged: Arranged | undefined): Map<string, number> {
  const told = new Map<string, number>();
  for (const { sopInstanceUID, stack = 1, frameOrder = [] } of arranged?.instances ?? []) {
    told.set(sopInstanceUID, stack);
    for (const one of frameOrder) told.set(`${sopInstanceUID}:${one.frame}`, one.stack);
  }
  const found = slices.map((slice) => [slice.key, told.get(`${slice.instance}:${slice.frame}`) ?? told.get(slice.instance) ?? 1] as const);
  return new Set(found.map(([, stack]) => stack)).size > 1 ? new Map(found) : new Map();
}

/** Slices by position where all are parallel, else by instance number; with what is odd about them. */
export function ordered(slices: readonly Slice[]): Ordered {
  const byNumber = [...slices].sort((a, b) => compare(a.number ?? Infinity, b.number ?? Infinity) || compare(a.instance, b.instance) || a.frame - b.frame);
  const first = byNumber[0];
  if (!first || byNumber.length < 3 || !byNumber.every((slice) => slice.plane.patient)) return { slices: byNumber, warnings: [] };
  const normal = normalOf(first.plane);
  if (!byNumber.every((slice) => dot(normalOf(slice.plane), normal) > PARALLEL)) {
    return { slices: byNumber, warnings: ['Slices lie in several planes: shown by instance number'] };
  }
  const depths = byNumber.map(depthOf);
  const distinct = new Set(depths.map((depth) => depth.toFixed(2))).size;
  if (distinct === 1) return { slices: byNumber, warnings: [] }; // one place over time
  if (distinct < depths.length) return { slices: byNumber, warnings: ['Several slices lie at one position: shown by instance number'] };
  const sorted = [...byNumber].sort((a, b) => depthOf(a) - depthOf(b));
  if (depths[0]! > depths.at(-1)!) sorted.reverse(); // the way the numbers go
  return { slices: sorted, warnings: gaps(sorted) };
}

function gaps(sorted: readonly Slice[]): string[] {
  const steps = sorted.slice(1).map((slice, place) => Math.abs(depthOf(slice) - depthOf(sorted[place]!)));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)]!;
  const wide = steps.map((step, place) => ({ step, place })).filter(({ step }) => step > usual * GAP);
  if (wide.length) {
    const [worst] = [...wide].sort((a, b) => b.step - a.step);
    const more = wide.length > 1 ? `, and ${wide.length - 1} more` : '';
    return [`Slices are missing: ${worst!.step.toFixed(1)} mm between ${worst!.place + 1} and ${worst!.place + 2}, else ${usual.toFixed(1)} mm${more}`];
  }
  return steps.some((step) => step * GAP < usual) ? ['Slices do not lie evenly'] : [];
}

const compare = (a: number | string, b: number | string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The slice that lies nearest to another one, for parallel series of one patient. */
export function nearest(slices: readonly Slice[], to: Slice): number | undefined {
  if (!to.plane.patient || !slices.length) return undefined;
  const normal = normalOf(to.plane);
  let best: number | undefined;
  let far = Infinity;
  for (const [place, slice] of slices.entries()) {
    if (!slice.plane.patient || Math.abs(dot(normalOf(slice.plane), normal)) < PARALLEL) continue;
    const distance = Math.abs(dot(slice.plane.origin, normal) - dot(to.plane.origin, normal));
    if (distance < far) [best, far] = [place, distance];
  }
  return best;
}
