// Asking the server: QIDO-RS, metadata, how a study is arranged, what was found in an image.
import { number, text, texts, values } from './dataset.ts';
import type { DataSet } from './dataset.ts';
import type { Hanging } from './hanging.ts';
import type { Arranged } from './order.ts';

export class Refused extends Error {
  constructor(readonly status: number, detail: string) { super(detail || `the server said ${status}`); }
}

async function ask<Found>(address: string, signal?: AbortSignal): Promise<Found> {
  const answer = await fetch(address, { headers: { Accept: 'application/dicom+json, application/json' }, signal: signal ?? null });
  if (answer.status === 204) return [] as Found;
  if (answer.ok) return answer.json() as Promise<Found>;
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new Refused(answer.status, problem.detail ?? '');
}

export interface Study {
  uid: string;
  name: string;
  id: string;
  issuer: string;
  born: string;
  sex: string;
  date: string;
  time: string;
  accession: string;
  description: string;
  modalities: string[];
  series: number;
  images: number;
}

export interface Series { uid: string; number: number | undefined; modality: string; description: string; images: number }

export interface Finding { code: string; tag: string; message: string }

const enc = encodeURIComponent;
const MAX_WORDS = 12; // of a name: the server takes no more
const FIELDS = '00081030,00100021,00100040,00081190';

// Every way the name is written, as the patient's own country does, then in Latin letters.
function nameOf(ds: DataSet): string {
  const [name] = values(ds, '00100010') as ({ Alphabetic?: string; Ideographic?: string } | undefined)[];
  const plain = (part?: string): string => (part ?? '').replaceAll('^', ' ').replace(/\s+/g, ' ').trim();
  return [plain(name?.Alphabetic), plain(name?.Ideographic)].filter(Boolean).join(' · ');
}

const dated = (said: string): string => said.replace(/^(\d{4})\.?(\d{2})\.?(\d{2}).*$/, '$1-$2-$3');

function studyOf(ds: DataSet): Study {
  return {
    uid: text(ds, '0020000D'), name: nameOf(ds), id: text(ds, '00100020'), issuer: text(ds, '00100021'),
    born: dated(text(ds, '00100030')), sex: text(ds, '00100040'), date: dated(text(ds, '00080020')),
    time: text(ds, '00080030').replace(/^(\d{2}):?(\d{2}).*$/, '$1:$2'), accession: text(ds, '00080050'),
    description: text(ds, '00081030'), modalities: texts(ds, '00080061'),
    series: number(ds, '00201206') ?? 0, images: number(ds, '00201208') ?? 0,
  };
}

export const newest = (found: Study[]): Study[] => found.sort((a, b) => (b.date + b.time < a.date + a.time ? -1 : 1));

export interface Question { words: string; modality: string; from: string; limit: number }

/** Studies whose patient's name, ID or accession number has the words, or whose modality or day they are; newest first. */
export async function searched({ words, modality, from, limit }: Question, signal: AbortSignal): Promise<Study[]> {
  const asked = (key: Record<string, string>): Promise<DataSet[]> => {
    const parameters = new URLSearchParams({ limit: String(limit), includefield: FIELDS, ...key });
    if (modality) parameters.set('ModalitiesInStudy', modality);
    if (from) parameters.set('StudyDate', `${from}-`);
    return ask<DataSet[]>(`/dicom-web/studies?${parameters}`, signal);
  };
  const plain = words.replace(/[*?\\,"]/g, ' ').replace(/\s+/g, ' ').trim();
  if (!plain) return newest((await asked({})).map(studyOf));
  const name = plain.split(' ').slice(0, MAX_WORDS).map((word) => `*${word}*`).join(' ');
  const day = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(plain);
  const keys: Record<string, string>[] = [{ PatientName: name, fuzzymatching: 'true' }, { PatientID: `*${plain}*` }, { AccessionNumber: `*${plain}*` }];
  if (day && !from) keys.push({ StudyDate: day.slice(1).join('') });
  if (/^[a-z]{2}$/i.test(plain) && !modality) keys.push({ ModalitiesInStudy: plain.toUpperCase() });
  const answers = await Promise.all(keys.map(asked));
  return newest([...new Map(answers.flat().map((one) => [text(one, '0020000D'), studyOf(one)])).values()]);
}

/** Waits until the index has another generation than this one, or some time has passed; gives the one it has. */
export async function changed(generation: number, signal: AbortSignal): Promise<number> {
  return (await ask<{ generation: number }>(`/api/changes?after=${generation}`, signal)).generation;
}

export async function studyWith(uid: string): Promise<Study> {
  const [found] = await ask<DataSet[]>(`/dicom-web/studies?StudyInstanceUID=${enc(uid)}&includefield=${FIELDS}`);
  if (!found) throw new Refused(404, 'There is no such study, or it may not be seen.');
  return studyOf(found);
}

/** Other studies of this study's patient: (issuer, ID), which only the server can tell apart. */
export async function priorsOf(study: Study): Promise<Study[]> {
  if (!study.id) return [];
  const found = await ask<DataSet[]>(`/dicom-web/studies?PatientID=${enc(study.id)}&samepatientas=${enc(study.uid)}&includefield=${FIELDS}&limit=100`);
  return newest(found.map(studyOf).filter((one) => one.uid !== study.uid));
}

export async function seriesOf(study: string): Promise<Series[]> {
  const found = await ask<DataSet[]>(`/dicom-web/studies/${enc(study)}/series?includefield=0008103E&limit=1000`);
  const all = found.map((ds) => ({
    uid: text(ds, '0020000E'), number: number(ds, '00200011'), modality: text(ds, '00080060'),
    description: text(ds, '0008103E'), images: number(ds, '00201209') ?? 0,
  }));
  return all.sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity) || (a.uid < b.uid ? -1 : 1));
}

/** How the server arranged the study, by series; empty where it does not say. */
export async function arrangementOf(study: string): Promise<Map<string, Arranged>> {
  try {
    const found = await ask<{ series?: Arranged[] }>(`/api/studies/${enc(study)}/arrangement`);
    return new Map((found.series ?? []).map((one) => [one.seriesInstanceUID, one]));
  } catch (error) {
    if (error instanceof Refused) return new Map();
    throw error;
  }
}

export const metadataOf = (study: string, series: string): Promise<DataSet[]> => ask<DataSet[]>(`/dicom-web/studies/${enc(study)}/series/${enc(series)}/metadata`);

export async function findingsOf(study: string, series: string, instance: string): Promise<Finding[]> {
  const found = await ask<{ findings: Finding[] }>(`/api/studies/${enc(study)}/series/${enc(series)}/instances/${enc(instance)}/header`);
  return found.findings;
}

export const hangingOf = (): Promise<Hanging> => ask<Hanging>('/api/hanging');

export const thumbnail = (study: string, series: string): string => `/dicom-web/studies/${enc(study)}/series/${enc(series)}/thumbnail`;

/** Stores one instance by STOW-RS; raises Refused with what the server says. */
export async function store(file: Uint8Array<ArrayBuffer>): Promise<void> {
  const boundary = `isocenter${Math.random().toString(36).slice(2)}`;
  const body = new Blob([`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, file, `\r\n--${boundary}--\r\n`]);
  const headers = { 'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}`, Accept: 'application/dicom+json' };
  const answer = await fetch('/dicom-web/studies', { method: 'POST', headers, body });
  if (answer.ok) return;
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new Refused(answer.status, problem.detail ?? (answer.status === 403 ? 'You may not store anything here' : ''));
}
