// The letters at the edges of a picture: which way the patient lies (PS3.3 C.7.6.1.1.1). Pure.
import type { Vector } from './dataset.ts';

const AXES = [['R', 'L'], ['A', 'P'], ['F', 'H']] as const;
const OBLIQUE = 0.25; // a smaller share of a direction is not worth a letter
const OPPOSITE: Record<string, string> = { R: 'L', L: 'R', A: 'P', P: 'A', F: 'H', H: 'F' };

/** Letters of a direction in the patient, the strongest first. */
export function lettersOf(way: Vector): string {
  const size = Math.hypot(...way);
  if (size < 1e-6) return '';
  return way
    .map((part, axis) => ({ share: Math.abs(part) / size, letter: AXES[axis]![part < 0 ? 0 : 1] }))
    .filter(({ share }) => share > OBLIQUE)
    .sort((a, b) => b.share - a.share)
    .map(({ letter }) => letter)
    .join('');
}

/** Letters of a direction on the picture, when only Patient Orientation says how the patient lies. */
export function lettersByRowAndColumn(way: Vector, rowLetters: string, columnLetters: string): string {
  const [x, y] = way;
  const size = Math.hypot(x, y);
  if (size < 1e-6) return '';
  const along = Math.abs(x) > Math.abs(y) ? { letters: rowLetters, part: x } : { letters: columnLetters, part: y };
  if (Math.abs(along.part) / size < 0.9) return ''; // turned by less than a quarter: neither is true
  return along.part > 0 ? along.letters : opposite(along.letters);
}

export const opposite = (letters: string): string => [...letters].map((one) => OPPOSITE[one] ?? one).join('');
