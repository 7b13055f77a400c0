// Key images: which images of a study were said to be of interest, as Key Object Selection documents (PS3.3 A.35.4).
import { item, items, number, text, values } from './dataset.ts';
import type { DataSet } from './dataset.ts';
import { newUid, part10, said, sequence } from './part10.ts';
import type { Fields } from './part10.ts';
import type { Slice } from './slice.ts';

const KEY_OBJECT = '1.2.840.10008.5.1.4.1.1.88.59';
// what the document has of the patient and the study: that it is found with it
const TAKEN: [string, string][] = [
  ['00080020', 'DA'], ['00080030', 'TM'], ['00080050', 'SH'], ['00080090', 'PN'], ['00100010', 'PN'], ['00100020', 'LO'], ['00100021', 'LO'],
  ['00100030', 'DA'], ['00100040', 'CS'], ['0020000D', 'UI'], ['00200010', 'SH'],
];

// Where an image of several frames is meant whole, no frame is named.
const nameOf = (instance: string, frame: number): string => `${instance}:${frame}`;

function written(document: DataSet, tag: string, vr: string): string {
  const [value] = values(document, tag);
  if (vr !== 'PN') return text(document, tag);
  const name = (value ?? {}) as { Alphabetic?: string; Ideographic?: string; Phonetic?: string };
  return [name.Alphabetic, name.Ideographic, name.Phonetic].map((part) => part ?? '').join('=').replace(/=+$/, '');
}

const code = (value: string, meaning: string): Fields => ({ '00080100': said('SH', value), '00080102': said('SH', 'DCM'), '00080104': said('LO', meaning) });

function reference(slice: Slice): Fields {
  const fields: Fields = { '00081150': said('UI', text(slice.document, '00080016')), '00081155': said('UI', slice.instance) };
  if (slice.frames > 1) fields['00081160'] = said('IS', String(slice.frame));
  return fields;
}

function grouped(slices: readonly Slice[]): Map<string, Slice[]> {
  const found = new Map<string, Slice[]>();
  for (const slice of slices) found.set(slice.series, [...(found.get(slice.series) ?? []), slice]);
  return found;
}

/** The document that says these images of one study are of interest, as a file; `now` is local time. */
export function keyObject(slices: readonly Slice[], now: Date): Uint8Array<ArrayBuffer> {
  const [first] = slices;
  if (!first) throw new Error('no image is marked');
  const two = (value: number): string => String(value).padStart(2, '0');
  const evidence = [...grouped(slices)].map(([series, own]) => ({
    '0020000E': said('UI', series),
    '00081199': sequence(...[...new Map(own.map((slice) => [slice.instance, { '00081150': said('UI', text(slice.document, '00080016')), '00081155': said('UI', slice.instance) }])).values()]),
  }));
  const fields: Fields = {
    '00080005': said('CS', 'ISO_IR 192'), '00080016': said('UI', KEY_OBJECT), '00080018': said('UI', newUid()),
    '00080023': said('DA', `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`),
    '00080033': said('TM', `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`),
    '00080060': said('CS', 'KO'), '00080070': said('LO', 'Isocenter'), '0008103E': said('LO', 'Key images'), '00081111': sequence(),
    '0020000E': said('UI', newUid()), '00200011': said('IS', '9901'), '00200013': said('IS', '1'),
    '0040A040': said('CS', 'CONTAINER'), '0040A043': sequence(code('113000', 'Of Interest')), '0040A050': said('CS', 'SEPARATE'),
    '0040A375': sequence({ '0020000D': said('UI', first.study), '00081115': sequence(...evidence) }),
    '0040A504': sequence({ '00080105': said('CS', 'DCMR'), '0040DB00': said('CS', '2010') }),
    '0040A730': sequence(...slices.map((slice) => ({ '0040A010': said('CS', 'CONTAINS'), '0040A040': said('CS', 'IMAGE'), '00081199': sequence(reference(slice)) }))),
  };
  for (const [tag, vr] of TAKEN) fields[tag] = said(vr, written(first.document, tag, vr));
  return part10(fields);
}

/** Images that stored documents say are of interest, as `instance:frame`; frame 0 is the whole image. */
export function keysIn(documents: readonly DataSet[]): Set<string> {
  const found = new Set<string>();
  for (const document of documents) {
    for (const content of items(document, '0040A730')) {
      const referred = item(content, '00081199');
      if (text(content, '0040A040') === 'IMAGE' && referred) found.add(nameOf(text(referred, '00081155'), number(referred, '00081160') ?? 0));
    }
  }
  return found;
}

/** What is marked in an open study, and what was before. */
export class KeyImages {
  readonly marked = new Map<string, Slice>();
  saved = new Set<string>();

  /** Marks an image, or takes the mark back; one that is stored stays. */
  toggle(slice: Slice): void {
    if (!this.marked.delete(slice.key) && !this.isSaved(slice)) this.marked.set(slice.key, slice);
  }

  isSaved(slice: Slice): boolean { return this.saved.has(nameOf(slice.instance, slice.frame)) || this.saved.has(nameOf(slice.instance, 0)); }

  isKey(slice: Slice): boolean { return this.marked.has(slice.key) || this.isSaved(slice); }

  /** Marks have become a stored document. */
  stored(): void {
    for (const slice of this.marked.values()) this.saved.add(nameOf(slice.instance, slice.frames > 1 ? slice.frame : 0));
    this.marked.clear();
  }
}
