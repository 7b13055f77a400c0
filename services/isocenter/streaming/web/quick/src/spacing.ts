// What a pixel's size is and what it may be called: the truth of every length on the screen. Pure.
//
// A projection has no single scale: Imager Pixel Spacing is that of the detector, and Pixel Spacing may be a calibration
// to something in the patient (PS3.3 10.7.1). A size that is not known, or not where one measures, is pixels and said so.
import { item, items, number, numbers, text } from './dataset.ts';
import type { DataSet } from './dataset.ts';

export interface Spacing {
  readonly row: number; // distance between rows: along a column
  readonly column: number; // distance between columns: along a row
  readonly unit: 'mm' | 'px';
  readonly said: string; // what is written behind a length
  readonly warning: string; // empty when there is nothing to be warned of
}

export type Place = readonly [column: number, row: number]; // in pixels, centre of the first is 0, 0

const PROJECTIONS = new Set(['CR', 'DX', 'MG', 'XA', 'RF', 'IO', 'PX', 'DR', 'RG', 'DF', 'XR']);
const PIXEL_SPACING = '00280030';
const IMAGER_PIXEL_SPACING = '00181164';
const NOMINAL_SCANNED_PIXEL_SPACING = '00182010';
const CALIBRATION_TYPE = '00280A02';
const CALIBRATION_DESCRIPTION = '00280A04';
const MAGNIFICATION = '00181114';
const ASPECT_RATIO = '00280034';
const REGIONS = '00186011';
const SPATIAL = new Set([1, 2]); // two-dimensional tissue and colour flow; 3 to 5 are traces over time or of spectra
const CENTIMETRES = 3;

interface Pair { row: number; column: number }

function pair(ds: DataSet | undefined, tag: string): Pair | undefined | 'wrong' {
  const written = ds?.[tag]?.Value?.length ?? 0;
  if (!written) return undefined;
  const [row, column] = numbers(ds, tag);
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? { row, column } : 'wrong';
}

const same = (a: Pair, b: Pair): boolean => Math.abs(a.row - b.row) <= 1e-4 * b.row && Math.abs(a.column - b.column) <= 1e-4 * b.column;
const made = ({ row, column }: Pair, said: string, warning = ''): Spacing => ({ row, column, unit: 'mm', said, warning });

function pixels(ds: DataSet, warning: string): Spacing {
  const [vertical = 1, horizontal = 1] = numbers(ds, ASPECT_RATIO);
  const uneven = vertical > 0 && horizontal > 0 && vertical !== horizontal;
  return { row: 1, column: 1, unit: 'px', said: 'px', warning: uneven ? `${warning}; its pixels are not square` : warning };
}

function projected(ds: DataSet, calibrated: Pair | undefined, imager: Pair | undefined): Spacing | undefined {
  const type = text(ds, CALIBRATION_TYPE).toUpperCase();
  const how = type === 'FIDUCIAL' ? 'by a fiducial' : type === 'GEOMETRY' ? 'by geometry' : '';
  if (calibrated && (type || (imager && !same(calibrated, imager)))) {
    const description = text(ds, CALIBRATION_DESCRIPTION);
    const doubt = how ? '' : 'Pixel spacing differs from the detector’s, and how it was calibrated is not said';
    return made(calibrated, `mm calibrated${how ? ` ${how}` : ''}`, doubt || (description ? `Calibrated: ${description}` : ''));
  }
  if (imager) {
    const factor = number(ds, MAGNIFICATION);
    const enlarged = factor !== undefined && factor > 0 && factor !== 1;
    return made(imager, 'mm at detector', enlarged ? `Enlarged about ${factor.toFixed(2)} times; lengths are at the detector, not in the patient` : '');
  }
  return calibrated && made(calibrated, 'mm, plane unknown', 'Whether pixel spacing is that of the detector or of the patient is not said');
}

/** Spacing of one frame. `measures` is the item of its Pixel Measures Sequence, where an enhanced image has one. */
export function spacingOf(ds: DataSet, modality: string, measures?: DataSet): Spacing {
  const found = [pair(measures ?? ds, PIXEL_SPACING), pair(ds, IMAGER_PIXEL_SPACING), pair(ds, NOMINAL_SCANNED_PIXEL_SPACING)];
  const wrong = found.includes('wrong');
  const [own, imager, scanned] = found.map((one) => (one === 'wrong' ? undefined : one));
  const spacing = PROJECTIONS.has(modality) ? projected(ds, own, imager) : own && made(own, 'mm');
  if (spacing) return wrong ? { ...spacing, warning: 'Another spacing of this image is not a pair of positive numbers' } : spacing;
  if (wrong) return pixels(ds, 'Pixel spacing is not a pair of positive numbers: lengths are pixels');
  if (imager) return made(imager, 'mm at detector');
  if (scanned) return made(scanned, 'mm on film', 'Scanned: lengths are those on the film');
  if (items(ds, REGIONS).length) return pixels(ds, 'Calibrated by regions: outside of one, lengths are pixels');
  return pixels(ds, 'No pixel spacing: lengths are pixels');
}

/** Spacing for a measurement through these places: of the one ultrasound region that holds all of them, else the frame's. */
export function spacingAt(ds: DataSet, frame: Spacing, places: readonly Place[]): Spacing {
  if (frame.unit === 'mm') return frame;
  const inside = items(ds, REGIONS).filter((region) => places.every((place) => holds(region, place)));
  // regions may lie on each other: then it is not known which one is meant
  const [first, second] = inside.map(regionSpacing);
  if (!first || (second && !(second.row === first.row && second.column === first.column))) return frame;
  return first;
}

function holds(region: DataSet, [column, row]: Place): boolean {
  const [left, top, right, bottom] = ['00186018', '0018601A', '0018601C', '0018601E'].map((tag) => number(region, tag) ?? NaN);
  return left! <= column && column <= right! && top! <= row && row <= bottom!;
}

function regionSpacing(region: DataSet): Spacing | undefined {
  const [format, unitX, unitY] = ['00186012', '00186024', '00186026'].map((tag) => number(region, tag) ?? 0);
  const [deltaX, deltaY] = ['0018602C', '0018602E'].map((tag) => Math.abs(number(region, tag) ?? 0));
  if (!SPATIAL.has(format!) || unitX !== CENTIMETRES || unitY !== CENTIMETRES || !deltaX || !deltaY) return undefined;
  return made({ row: deltaY * 10, column: deltaX * 10 }, 'mm');
}

/** Distance of two places. */
export function distance(spacing: Spacing, [x1, y1]: Place, [x2, y2]: Place): number {
  return Math.hypot((x2 - x1) * spacing.column, (y2 - y1) * spacing.row);
}

/** Angle at `middle` in degrees; on pixels that may not be square it is as seen on square ones. */
export function angle(spacing: Spacing, first: Place, middle: Place, last: Place): number {
  const arm = ([x, y]: Place): Place => [(x - middle[0]) * spacing.column, (y - middle[1]) * spacing.row];
  const [[ax, ay], [bx, by]] = [arm(first), arm(last)];
  return (Math.abs(Math.atan2(ax * by - ay * bx, ax * bx + ay * by)) * 180) / Math.PI;
}

/** Area of the rectangle whose sides are these two lines, or of the ellipse whose diameters they are. */
export function area(spacing: Spacing, one: readonly [Place, Place], other: readonly [Place, Place], shape: 'rectangle' | 'ellipse'): number {
  const box = distance(spacing, ...one) * distance(spacing, ...other);
  return shape === 'ellipse' ? (box * Math.PI) / 4 : box;
}

/** A number with the unit as it is written on the image. */
export function written(spacing: Spacing, value: number, dimension: 1 | 2 = 1): string {
  const digits = spacing.unit === 'px' || value >= 10 ? 1 : 2;
  const said = dimension === 2 ? spacing.said.replace(/^(mm|px)/, '$1²') : spacing.said;
  return `${value.toFixed(digits)} ${said}`;
}

export const measuresOf = (group: DataSet | undefined): DataSet | undefined => item(group, '00289110');
