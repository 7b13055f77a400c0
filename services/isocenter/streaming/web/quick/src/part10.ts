// Writes a small data set as a DICOM file (PS3.10 7), Explicit VR Little Endian. Pure.
export interface Written { vr: string; value: string | Fields[] }
export type Fields = Record<string, Written>;

const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
const IMPLEMENTATION = '2.25.331275812270254062063209117471402350712';
const LONG = new Set(['OB', 'SQ', 'UT', 'UC', 'UR']); // have a length of 32 bits (PS3.5 7.1.2)

export const said = (vr: string, value: string): Written => ({ vr, value });
export const sequence = (...items: Fields[]): Written => ({ vr: 'SQ', value: items });

/** A UID of a random number (PS3.5 B.2). */
export function newUid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return `2.25.${bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)}`;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    made.set(part, place);
    place += part.length;
  }
  return made;
}

function numbersOf(...pairs: [number, 2 | 4][]): Uint8Array {
  const made = new DataView(new ArrayBuffer(pairs.reduce((size, [, bytes]) => size + bytes, 0)));
  let place = 0;
  for (const [value, bytes] of pairs) {
    if (bytes === 2) made.setUint16(place, value, true);
    else made.setUint32(place, value, true);
    place += bytes;
  }
  return new Uint8Array(made.buffer);
}

const tagOf = (tag: string): Uint8Array => numbersOf([parseInt(tag.slice(0, 4), 16), 2], [parseInt(tag.slice(4), 16), 2]);

function contentOf({ vr, value }: Written): Uint8Array {
  if (typeof value !== 'string') {
    const items = value.map((fields) => joined(encoded(fields)));
    return joined(items.flatMap((item) => [tagOf('FFFEE000'), numbersOf([item.length, 4]), item]));
  }
  if (vr === 'US') return joined(value.split('\\').map((one) => numbersOf([Number(one), 2])));
  const text = new TextEncoder().encode(value);
  return text.length % 2 ? joined([text, Uint8Array.of(vr === 'UI' ? 0 : 0x20)]) : text;
}

function element(tag: string, written: Written): Uint8Array {
  const content = contentOf(written);
  const vr = new TextEncoder().encode(written.vr);
  const length = LONG.has(written.vr) ? numbersOf([0, 2], [content.length, 4]) : numbersOf([content.length, 2]);
  return joined([tagOf(tag), vr, length, content]);
}

const encoded = (fields: Fields): Uint8Array[] => Object.keys(fields).sort().map((tag) => element(tag, fields[tag]!));

/** The whole file. */
export function part10(fields: Fields): Uint8Array<ArrayBuffer> {
  const version = joined([tagOf('00020001'), new TextEncoder().encode('OB'), numbersOf([0, 2], [2, 4]), Uint8Array.of(0, 1)]);
  const rest = encoded({
    '00020002': fields['00080016']!, '00020003': fields['00080018']!,
    '00020010': said('UI', EXPLICIT_VR_LITTLE_ENDIAN), '00020012': said('UI', IMPLEMENTATION),
  });
  const meta = joined([version, ...rest]);
  const length = joined([tagOf('00020000'), new TextEncoder().encode('UL'), numbersOf([4, 2], [meta.length, 4])]);
  return joined([new Uint8Array(128), new TextEncoder().encode('DICM'), length, meta, ...encoded(fields)]);
}
