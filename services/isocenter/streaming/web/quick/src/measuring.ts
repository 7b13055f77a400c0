// The measuring tools' texts. The renderer draws lines; what is written beside them comes from `spacing.ts`.
import { AngleTool, EllipticalROITool, LengthTool, RectangleROITool } from '@cornerstonejs/tools';
import { angleOf, lengthOf, minus } from './dataset.ts';
import type { Vector } from './dataset.ts';
import { isColoured, sliceOf, valueUnit } from './picture.ts';
import type { Pixels } from './pixels.ts';
import { placeOf } from './slice.ts';
import type { Slice } from './slice.ts';
import { angle, area, distance, spacingAt, written } from './spacing.ts';
import type { Place, Spacing } from './spacing.ts';
import { suvOf } from './suv.ts';

interface Drawn {
  handles: { points: [number, number, number][] };
  cachedStats: Record<string, { mean?: number; stdDev?: number; min?: number; max?: number } | undefined>;
}
type Target = string | string[];
interface Measured { slice: Slice; places: Place[]; spacing: Spacing; target: string }

function measured(data: Drawn, targets: Target): Measured | undefined {
  const target = Array.isArray(targets) ? targets[0] : targets;
  const slice = target === undefined ? undefined : sliceOf(target.replace(/^imageId:/, ''));
  if (!slice || target === undefined) return undefined;
  const places = data.handles.points.map((point) => placeOf(slice, point));
  return { slice, places, spacing: spacingAt(slice.document, slice.spacing, places), target };
}

// What a doubt about the scale is, is written with every length: a number alone would be taken for millimetres in the patient.
const doubt = ({ spacing }: Measured): string[] => (spacing.unit === 'px' ? ['⚠ no scale'] : spacing.warning ? ['⚠ see below'] : []);

// In a plane cut of a volume points are millimetres in the patient: volumes are only made of slices whose scale is known.
function inSpace(data: Drawn, targets: Target): Vector[] | undefined {
  return String(targets).startsWith('volumeId:') ? data.handles.points : undefined;
}

function length(data: Drawn, targets: Target): string[] | undefined {
  const [start, end] = inSpace(data, targets) ?? [];
  if (start && end) return [`${lengthOf(minus(end, start)).toFixed(1)} mm`];
  const found = measured(data, targets);
  const [from, to] = found?.places ?? [];
  if (!found || !from || !to) return undefined;
  return [written(found.spacing, distance(found.spacing, from, to)), ...doubt(found)];
}

function degrees(data: Drawn, targets: Target): string[] | undefined {
  const [one, corner, other] = inSpace(data, targets) ?? [];
  if (one && corner && other) return [`${angleOf(minus(one, corner), minus(other, corner)).toFixed(1)}°`];
  const found = measured(data, targets);
  const [first, middle, last] = found?.places ?? [];
  if (!found || !first || !middle || !last) return undefined;
  return [`${angle(found.spacing, first, middle, last).toFixed(1)}°`];
}

const region = (shape: 'ellipse' | 'rectangle', pixels: Pixels) => (data: Drawn, targets: Target): string[] | undefined => {
  const found = measured(data, targets);
  const [a, b, c, d] = found?.places ?? [];
  if (!found || !a || !b || !c || !d) return undefined;
  // of an ellipse the ends of its two diameters, of a rectangle its corners: top left, top right, bottom left, bottom right
  const size = shape === 'ellipse' ? area(found.spacing, [a, b], [c, d], shape) : area(found.spacing, [a, b], [a, c], shape);
  return [...statistics(found, data, pixels), written(found.spacing, size, 2), ...doubt(found)];
};

function statistics({ slice, target }: Measured, data: Drawn, pixels: Pixels): string[] {
  const { mean, stdDev, min, max } = data.cachedStats[target] ?? {};
  if (isColoured(slice) || mean === undefined || !Number.isFinite(mean)) return [];
  const unit = valueUnit(slice);
  const rounded = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(Math.abs(value) < 10 ? 2 : 0));
  const preview = pixels.has(slice.key)?.reductions ? '≈ ' : ''; // of a picture that is not whole yet
  const suv = suvOf(slice.document);
  const uptake = typeof suv === 'object' ? suv : undefined;
  const times = (value: number | undefined): string => (value === undefined || !uptake ? '–' : (value * uptake.factor).toFixed(2));
  return [
    ...(uptake ? [`${preview}${uptake.said} ${times(mean)} ± ${times(stdDev)}, max ${times(max)}`] : []),
    `${preview}${mean.toFixed(1)} ± ${(stdDev ?? NaN).toFixed(1)} ${unit}`.trim(),
    `${preview}${rounded(min)} to ${rounded(max)} ${unit}`.trim(),
  ];
}

/** The measuring tools, each with its settings. */
export function measuringTools(pixels: Pixels): { tool: typeof LengthTool; settings: object }[] {
  return [
    { tool: LengthTool, settings: { getTextLines: length } },
    { tool: AngleTool as unknown as typeof LengthTool, settings: { getTextLines: degrees } },
    { tool: EllipticalROITool as unknown as typeof LengthTool, settings: { getTextLines: region('ellipse', pixels) } },
    { tool: RectangleROITool as unknown as typeof LengthTool, settings: { getTextLines: region('rectangle', pixels) } },
  ];
}
