// DICOM JSON (PS3.18 F): a document's values by tag. Nothing here throws: what is missing or odd is undefined.
export interface Element { vr?: string; Value?: unknown[]; InlineBinary?: string; BulkDataURI?: string }
export type DataSet = Readonly<Record<string, Element>>;

export const values = (ds: DataSet | undefined, tag: string): unknown[] => ds?.[tag]?.Value ?? [];

function plain(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  const name = value as { Alphabetic?: string; Ideographic?: string };
  return name.Alphabetic ?? name.Ideographic ?? '';
}

export const texts = (ds: DataSet | undefined, tag: string): string[] => values(ds, tag).map(plain);
export const text = (ds: DataSet | undefined, tag: string): string => plain(values(ds, tag)[0]);

export function numbers(ds: DataSet | undefined, tag: string): number[] {
  return values(ds, tag).map(Number).filter((one) => Number.isFinite(one));
}

export const number = (ds: DataSet | undefined, tag: string): number | undefined => numbers(ds, tag)[0];

export function items(ds: DataSet | undefined, tag: string): DataSet[] {
  return values(ds, tag).filter((one): one is DataSet => typeof one === 'object' && one !== null);
}

export const item = (ds: DataSet | undefined, tag: string, place = 0): DataSet | undefined => items(ds, tag)[place];

export function triple(ds: DataSet | undefined, tag: string): Vector | undefined {
  const [x, y, z, ...more] = numbers(ds, tag);
  return x === undefined || y === undefined || z === undefined || more.length ? undefined : [x, y, z];
}

export type Vector = [number, number, number];
export const cross = (a: Vector, b: Vector): Vector => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const along = (from: Vector, way: Vector, far: number): Vector => [from[0] + way[0] * far, from[1] + way[1] * far, from[2] + way[2] * far];
export const lengthOf = (a: Vector): number => Math.hypot(...a);

/** Angle between two directions in degrees. */
export const angleOf = (a: Vector, b: Vector): number => (Math.atan2(lengthOf(cross(a, b)), dot(a, b)) * 180) / Math.PI;

export function unit(a: Vector): Vector | undefined {
  const size = lengthOf(a);
  return size > 1e-6 ? [a[0] / size, a[1] / size, a[2] / size] : undefined;
}
