// One frame as it is shown: where it lies, how its samples are read and which window it asks for. Pure.
import { along, cross, dot, item, items, minus, number, numbers, text, texts, triple, unit } from './dataset.ts';
import type { DataSet, Vector } from './dataset.ts';
import { modalityLutOf } from './luts.ts';
import type { Lut } from './luts.ts';
import { hasOthers } from './overlays.ts';
import { measuresOf, spacingOf } from './spacing.ts';
import type { Place, Spacing } from './spacing.ts';
import { suvOf } from './suv.ts';
import { curveOf } from './voi.ts';
import type { Curve } from './voi.ts';

export interface Window { center: number; width: number; label: string }

export interface Plane {
  readonly origin: Vector; // centre of the first pixel
  readonly right: Vector; // towards higher columns
  readonly down: Vector; // towards higher rows
  readonly patient: boolean; // whether these are the patient's axes, or the picture's own
}

export interface Samples {
  readonly rows: number;
  readonly columns: number;
  readonly perPixel: number;
  readonly allocated: number;
  readonly stored: number;
  readonly signed: boolean;
  readonly planar: boolean;
  readonly photometric: string;
}

export interface Slice {
  readonly key: string; // image id of the renderer
  readonly document: DataSet;
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly frame: number; // from 1
  readonly frames: number; // of the instance
  readonly number: number | undefined; // Instance Number
  readonly modality: string;
  readonly plane: Plane;
  readonly spacing: Spacing;
  readonly samples: Samples;
  readonly slope: number;
  readonly intercept: number;
  readonly lut: Lut | undefined; // in place of slope and intercept
  readonly window: Window | undefined;
  readonly curve: Curve; // how its windows make greys
  readonly warnings: readonly string[];
}

export const SCHEME = 'slice';
const PICTURE: Plane = { origin: [0, 0, 0], right: [1, 0, 0], down: [0, 1, 0], patient: false };

function samplesOf(ds: DataSet): Samples {
  const allocated = number(ds, '00280100') ?? 8;
  return {
    rows: number(ds, '00280010') ?? 0,
    columns: number(ds, '00280011') ?? 0,
    perPixel: number(ds, '00280002') ?? 1,
    allocated,
    stored: number(ds, '00280101') ?? allocated,
    signed: number(ds, '00280103') === 1,
    planar: number(ds, '00280006') === 1,
    photometric: text(ds, '00280004') || 'MONOCHROME2',
  };
}

// A multi-frame image without functional groups has one position: that of its first frame. Radiotherapy doses say how
// far the others lie (PS3.3 C.8.8.3.2); of all others it is not known, and none is made up.
function planeOf(ds: DataSet, own: DataSet | undefined, shared: DataSet | undefined, frame: number): Plane {
  const cosines = [...new Set([item(own, '00209116'), item(shared, '00209116'), ds])]
    .map((one) => numbers(one, '00200037')).find((found) => found.length === 6);
  const origin = triple(item(own, '00209113'), '00200032') ?? triple(item(shared, '00209113'), '00200032') ?? triple(ds, '00200032');
  if (!cosines || !origin) return PICTURE;
  const [right, down] = [unit(cosines.slice(0, 3) as Vector), unit(cosines.slice(3) as Vector)];
  if (!right || !down || Math.abs(dot(right, down)) > 0.01) return PICTURE;
  const offset = numbers(ds, '3004000C')[frame - 1];
  const first = numbers(ds, '3004000C')[0] ?? 0;
  if (offset !== undefined) return { origin: along(origin, cross(right, down), first === 0 ? offset : offset - first), right, down, patient: true };
  return { origin, right, down, patient: true };
}

function windowOf(ds: DataSet | undefined): Window | undefined {
  const [center, width] = [number(ds, '00281050'), number(ds, '00281051')];
  if (center === undefined || width === undefined || width < 1) return undefined;
  return { center, width, label: texts(ds, '00281055')[0] ?? '' };
}

function warningsOf(ds: DataSet, plane: Plane, spacing: Spacing): string[] {
  const found = spacing.warning ? [spacing.warning] : [];
  if (modalityLutOf(ds, false) === 'none') found.push('A modality lookup table cannot be read: values are as stored');
  const suv = suvOf(ds);
  if (typeof suv === 'string') found.push(suv);
  if (items(ds, '00283010').length) found.push('A lookup table in place of a window is not applied');
  if (hasOthers(ds)) found.push('It has overlays that are not shown');
  if (ds['7FE00008'] || ds['7FE00009']) found.push('Floating-point samples are not shown here');
  if (!plane.patient && numbers(ds, '00200037').length) found.push('Image orientation is not usable: no letters, no position');
  return found;
}

/** All frames of a series' documents, in their own order. */
export function slicesOfAll(documents: readonly DataSet[]): Slice[] {
  const found: Slice[] = [];
  for (const document of documents) found.push(...slicesOf(document));
  return found;
}

/** All frames of an instance's document, in their own order; none where it is no image. */
export function slicesOf(document: DataSet): Slice[] {
  const samples = samplesOf(document);
  if (!samples.rows || !samples.columns) return [];
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => text(document, tag)) as [string, string, string];
  const frames = Math.max(1, number(document, '00280008') ?? 1);
  const shared = item(document, '52009229');
  const groups = items(document, '52009230');
  const modality = text(document, '00080060');
  return Array.from({ length: frames }, (_, place) => {
    const own = groups[place];
    const plane = planeOf(document, own, shared, place + 1);
    const spacing = spacingOf(document, modality, measuresOf(own) ?? measuresOf(shared));
    const transformation = item(own, '00289145') ?? item(shared, '00289145') ?? document;
    const voi = [item(own, '00289132'), item(shared, '00289132'), document].find((one) => windowOf(one));
    const lut = modalityLutOf(document, samples.signed);
    const palette = samples.photometric === 'PALETTE COLOR';
    return {
      key: `${SCHEME}:${instance}:${place + 1}`, document, study, series, instance, frame: place + 1, frames,
      number: number(document, '00200013'), modality, plane, spacing, samples,
      slope: palette ? 1 : (modality === 'RTDOSE' ? number(document, '3004000E') : number(transformation, '00281053')) || 1,
      intercept: palette ? 0 : number(transformation, '00281052') ?? 0,
      lut: lut === 'none' || samples.perPixel > 1 || palette ? undefined : lut,
      window: windowOf(voi), curve: curveOf(text(voi, '00281056')),
      warnings: warningsOf(document, plane, spacing),
    };
  });
}

const DIRECT_COLOURS = new Set(['RGB', 'YBR_RCT', 'YBR_ICT']); // codecs undo the last two

/** Whether the server renders a frame: palettes, and colours that are not red, green and blue of 8 bits. */
export function isRendered({ samples }: Slice): boolean {
  if (samples.photometric === 'PALETTE COLOR') return true;
  return samples.perPixel > 1 && !(DIRECT_COLOURS.has(samples.photometric) && samples.allocated === 8 && samples.perPixel === 3);
}

/** Whether a frame can be made of what a series stream brings. */
export const isStreamed = (slice: Slice): boolean => !isRendered(slice) && slice.samples.allocated > 1;

/** Place of a frame as a series stream counts: all frames of one instance after those of another, as these follow here. */
export function placeInStream(slices: readonly Slice[], at: Slice): number {
  let before = 0;
  const seen = new Set<string>();
  for (const { instance, frames } of slices) {
    if (instance === at.instance) break;
    if (!seen.has(instance)) before += frames;
    seen.add(instance);
  }
  return before + at.frame - 1;
}

export const normalOf = (plane: Plane): Vector => cross(plane.right, plane.down);
export const depthOf = (slice: Slice): number => dot(slice.plane.origin, normalOf(slice.plane));

/** Place in pixels of a point of the patient, or of the picture where it has no patient's axes. */
export function placeOf(slice: Slice, point: Vector): Place {
  const from = minus(point, slice.plane.origin);
  return [dot(from, slice.plane.right) / slice.spacing.column, dot(from, slice.plane.down) / slice.spacing.row];
}

/** The point of a place in pixels. */
export function pointOf(slice: Slice, [column, row]: Place): Vector {
  return along(along(slice.plane.origin, slice.plane.right, column * slice.spacing.column), slice.plane.down, row * slice.spacing.row);
}
