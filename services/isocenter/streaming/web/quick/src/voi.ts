// How a window makes greys of values (PS3.3 C.11.2.1.2 and C.11.2.1.3). Pure.
export interface Range { lower: number; upper: number }
export interface Level { center: number; width: number }
export const CURVES = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] as const;
export type Curve = (typeof CURVES)[number];

/** VOI LUT Function as it is said; the linear one where it is not, or is none that there is. */
export const curveOf = (said: string): Curve => CURVES.find((one) => one === said) ?? 'LINEAR';

/** The values that become black and white. Of a sigmoid these are the linear function's: it is told by them. */
export function rangeOf({ center, width }: Level, curve: Curve): Range {
  if (curve === 'LINEAR_EXACT') return { lower: center - width / 2, upper: center + width / 2 };
  return { lower: center - 0.5 - (width - 1) / 2, upper: center - 0.5 + (width - 1) / 2 };
}

/** The window of such a range. */
export function levelOf({ lower, upper }: Range, curve: Curve): Level {
  if (curve === 'LINEAR_EXACT') return { center: (lower + upper) / 2, width: upper - lower };
  return { center: (lower + upper + 1) / 2, width: upper - lower + 1 };
}

/** What makes a grey of a value: about 0 to 255, and beyond where it is outside of the window. */
export function shading(level: Level, curve: Curve): (value: number) => number {
  const { lower, upper } = rangeOf(level, curve);
  if (curve === 'SIGMOID') return (value) => 255 / (1 + Math.exp((-4 * (value - level.center)) / level.width));
  if (upper <= lower) return (value) => (value > lower ? 255 : 0);
  const scale = 255 / (upper - lower);
  return (value) => (value - lower) * scale;
}
