// Which slices make a volume that planes can be cut of, or why none do. Pure.
import { dot } from './dataset.ts';
import { depthOf, normalOf } from './slice.ts';
import type { Slice } from './slice.ts';

const FEWEST = 5;
const UNEVEN = 0.05; // of a step: more would bend what is straight
const PARALLEL = 0.9999;

/** Slices of the stack that `at` is in, by position, or a sentence that says why they make no volume. */
export function volumeOf(slices: readonly Slice[], stacks: ReadonlyMap<string, number>, at: Slice): Slice[] | string {
  const mine = stacks.get(at.key);
  const own = slices.filter((slice) => stacks.get(slice.key) === mine);
  if (own.length < FEWEST) return 'There are too few slices for planes';
  if (at.samples.perPixel > 1 || at.samples.photometric === 'PALETTE COLOR') return 'Planes are not cut of colours';
  if (!own.every((slice) => slice.plane.patient && slice.spacing.unit === 'mm')) return 'Planes need a position and a scale of every slice';
  const like = (slice: Slice): boolean => slice.samples.rows === at.samples.rows && slice.samples.columns === at.samples.columns
    && slice.spacing.row === at.spacing.row && slice.spacing.column === at.spacing.column;
  const normal = normalOf(at.plane);
  if (!own.every((slice) => like(slice) && dot(normalOf(slice.plane), normal) > PARALLEL && dot(slice.plane.right, at.plane.right) > PARALLEL)) {
    return 'These slices are of several sizes or directions: they make no volume';
  }
  const sorted = [...own].sort((a, b) => depthOf(a) - depthOf(b));
  const steps = sorted.slice(1).map((slice, place) => depthOf(slice) - depthOf(sorted[place]!));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)]!;
  if (usual <= 0 || steps.some((step) => Math.abs(step - usual) > usual * UNEVEN)) return 'Slices are missing, doubled or uneven: planes of them would be wrong';
  const [first, last] = [sorted[0]!, sorted.at(-1)!];
  const across = Math.hypot(...[0, 1, 2].map((axis) => last.plane.origin[axis]! - first.plane.origin[axis]! - normal[axis]! * (depthOf(last) - depthOf(first))));
  if (across > at.spacing.column) return 'The gantry was tilted: planes of these slices would be sheared';
  return sorted;
}
