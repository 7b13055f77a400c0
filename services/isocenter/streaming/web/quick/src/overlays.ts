// Overlay planes of an image (PS3.3 C.9.2): drawings of one bit a pixel that lie on it.
import { number, numbers } from './dataset.ts';
import type { DataSet } from './dataset.ts';

export interface OverlayPlane {
  readonly rows: number;
  readonly columns: number;
  readonly row: number; // of the image, at which its first one lies; from 0
  readonly column: number;
  readonly skipped: number; // bits before those of this frame
  readonly inline: string; // its bits in base 64, or where they are
  readonly address: string;
}

const GROUP = /^60[01][02468ACE]0010$/;

const groupsOf = (ds: DataSet): string[] => Object.keys(ds).filter((tag) => GROUP.test(tag)).map((tag) => tag.slice(0, 4));

function planeOf(ds: DataSet, group: string, frame: number): OverlayPlane | undefined {
  const [rows, columns] = [number(ds, `${group}0010`), number(ds, `${group}0011`)];
  const data = ds[`${group}3000`];
  if (!rows || !columns || !(data?.InlineBinary || data?.BulkDataURI) || (number(ds, `${group}0100`) ?? 1) !== 1) return undefined;
  const frames = number(ds, `${group}0015`);
  const place = frame - (number(ds, `${group}0051`) ?? 1);
  if (frames !== undefined && (place < 0 || place >= frames)) return undefined;
  const [row = 1, column = 1] = numbers(ds, `${group}0050`);
  return {
    rows, columns, row: row - 1, column: column - 1, skipped: frames === undefined ? 0 : place * rows * columns,
    inline: data.InlineBinary ?? '', address: data.BulkDataURI ?? '',
  };
}

/** Planes that lie on a frame, which is counted from 1. */
export function overlaysOf(ds: DataSet, frame: number): OverlayPlane[] {
  return groupsOf(ds).map((group) => planeOf(ds, group, frame)).filter((one) => one !== undefined);
}

/** Whether there are some whose bits are nowhere by themselves: among those of the pixels, as it was done long ago. */
export function hasOthers(ds: DataSet): boolean {
  return groupsOf(ds).some((group) => (number(ds, `${group}0100`) ?? 1) !== 1 || !(ds[`${group}3000`]?.InlineBinary || ds[`${group}3000`]?.BulkDataURI));
}

/** Which pixels of a plane are drawn: 1 for each that is. Raises RangeError when there are too few bits. */
export function maskOf({ rows, columns, skipped }: OverlayPlane, bits: Uint8Array): Uint8Array {
  const count = rows * columns;
  if (bits.length * 8 < skipped + count) throw new RangeError('an overlay with too few bits');
  return Uint8Array.from({ length: count }, (_, place) => (bits[(skipped + place) >> 3]! >> ((skipped + place) & 7)) & 1);
}
