// Modality lookup tables (PS3.3 C.11.1.1): what stored values mean where that is no straight line. Pure.
import { item, numbers } from './dataset.ts';
import type { DataSet } from './dataset.ts';

/** A table as it is told: its entries are here, or at an address. */
export interface Lut {
  readonly first: number; // stored value that has the first entry; those below it have it too
  readonly count: number;
  readonly bits: number; // of an entry
  readonly entries: readonly number[];
  readonly inline: string; // in base 64
  readonly address: string;
}

/** The modality lookup table of an image; 'none' when there should be one that cannot be read. */
export function modalityLutOf(ds: DataSet, signed: boolean): Lut | 'none' | undefined {
  const told = item(ds, '00283000');
  if (!told) return undefined;
  const [count = -1, first = 0, bits = 16] = numbers(told, '00283002');
  const data = told['00283006'];
  const entries = numbers(told, '00283006');
  const [inline, address] = [data?.InlineBinary ?? '', data?.BulkDataURI ?? ''];
  if (count < 0 || bits < 1 || bits > 16 || !(entries.length || inline || address)) return 'none';
  // the descriptor may be written as unsigned where the values have a sign
  return { count: count || 65_536, first: signed && first > 32_767 ? first - 65_536 : first, bits, entries, inline, address };
}

/** Entries out of their bytes: of 16 bits each, little endian, or of 8 when there are only so many. Raises RangeError. */
export function entriesOf({ count, entries }: Lut, bytes: Uint8Array): Uint16Array {
  if (entries.length) {
    if (entries.length < count) throw new RangeError('a lookup table with too few entries');
    return Uint16Array.from(entries.slice(0, count));
  }
  if (bytes.length >= count * 2) return Uint16Array.from({ length: count }, (_, place) => bytes[place * 2]! | (bytes[place * 2 + 1]! << 8));
  if (bytes.length < count) throw new RangeError('a lookup table with too few entries');
  return Uint16Array.from(bytes.subarray(0, count));
}
