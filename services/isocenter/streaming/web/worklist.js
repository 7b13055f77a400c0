// The worklist: searches as one types, shows studies newest first, and offers each with its prior.
import { $, Refused, ask, cell, element, number } from './dom.js';

const PAGE_SIZE = 50;
const MAX_WORDS = 12; // of a name: the server takes no more
const shown = { limit: PAGE_SIZE, asked: 0, known: null, text: '' };

const values = (study, tag) => study[tag]?.Value ?? [];
const text = (study, tag) => values(study, tag).join(', ');
const uidOf = (study) => text(study, '0020000D');
const date = (written) => written.replace(/^(\d{4})\.?(\d{2})\.?(\d{2})$/, '$1-$2-$3');
const time = (written) => written.replace(/^(\d{2}):?(\d{2}).*$/, ' $1:$2');
const spaced = (name) => (name ?? '').replaceAll('^', ' ').replaceAll('=', ' ').replace(/ +/g, ' ').trim();

function viewer(...studies) {
  const address = `/viewer/viewer?StudyInstanceUIDs=${studies.map(uidOf).map(encodeURIComponent).join(',')}`;
  return studies.length > 1 ? `${address}&hangingprotocolId=@ohif/hpCompare` : address;
}

function nameCell(study) {
  const name = values(study, '00100010')[0] ?? {};
  const groups = [name.Alphabetic, name.Ideographic, name.Phonetic].map(spaced).filter(Boolean);
  const made = cell('Patient', groups[0] ?? 'No name', groups.length ? 'name' : 'name none');
  made.dir = 'auto';
  if (groups.length > 1) made.append(element('small', groups.slice(1).join(' · ')));
  return made;
}

function link(label, address, title) {
  const made = element('a', label, 'open');
  made.href = address;
  made.title = title;
  return made;
}

// A prior is an older study of the same (issuer, id) with a modality in common; without an id there is none.
function priorOf(study, studies) {
  const patient = (one) => `${text(one, '00100021')}|${text(one, '00100020')}`;
  const moment = (one) => text(one, '00080020') + text(one, '00080030');
  if (!text(study, '00100020')) return undefined;
  return studies.find((one) => uidOf(one) !== uidOf(study) && patient(one) === patient(study)
    && moment(one) < moment(study) && values(one, '00080061').some((name) => values(study, '00080061').includes(name)));
}

function images(study) {
  const series = Number(text(study, '00201206'));
  return number(text(study, '00201208')) + (series > 1 ? ` in ${number(series)} series` : '');
}

// The issuer only matters, and is only shown, where one ID stands for two people.
function idCell(study, studies) {
  const id = text(study, '00100020');
  const made = cell('ID', id, 'id');
  const issuers = new Set(studies.filter((one) => text(one, '00100020') === id).map((one) => text(one, '00100021')));
  if (id && issuers.size > 1) made.append(element('small', text(study, '00100021') || 'no issuer'));
  return made;
}

function row(study, studies) {
  const uid = uidOf(study);
  const line = element('tr', '');
  line.dataset.uid = uid;
  line.tabIndex = -1;
  const actions = cell('', '', 'actions');
  actions.append(link('Open', viewer(study), 'Open in the viewer (Enter)'));
  const prior = priorOf(study, studies);
  actions.append(link('Header', `/header?study=${encodeURIComponent(uid)}`, 'What its images say of themselves'));
  if (prior) actions.append(link('Compare', viewer(study, prior), `Beside the study of ${date(text(prior, '00080020'))}`));
  line.append(
    nameCell(study),
    idCell(study, studies),
    cell('Born', date(text(study, '00100030')), 'date'),
    cell('Study', date(text(study, '00080020')) + time(text(study, '00080030')), 'date'),
    cell('Modality', values(study, '00080061').join(' ')),
    cell('Description', text(study, '00081030'), 'description'),
    cell('Accession', text(study, '00080050')),
    cell('Images', images(study), 'number'),
    actions,
  );
  if (shown.known && !shown.known.has(uid)) line.className = 'new';
  return line;
}

function dayBefore(days) {
  const day = new Date();
  day.setDate(day.getDate() - days);
  return `${day.getFullYear()}${String(day.getMonth() + 1).padStart(2, '0')}${String(day.getDate()).padStart(2, '0')}`;
}

function question(extra) {
  const parameters = new URLSearchParams({ limit: String(shown.limit + 1), includefield: '00081030,00100021', ...extra });
  if ($('modality').value) parameters.set('ModalitiesInStudy', $('modality').value);
  if ($('days').value !== '') parameters.set('StudyDate', `${dayBefore(Number($('days').value))}-`);
  return `/dicom-web/studies?${parameters}`;
}

async function studies() {
  const words = $('q').value.replace(/[*?\\,"]/g, ' ').replace(/\s+/g, ' ').trim();
  if (!words) return ask(question({}));
  const name = words.split(' ').slice(0, MAX_WORDS).map((word) => `*${word}*`).join(' '); // in any order
  const keys = [{ PatientName: name, fuzzymatching: 'true' }, { PatientID: `*${words}*` }, { AccessionNumber: `*${words}*` }];
  const answers = await Promise.all(keys.map((key) => ask(question(key))));
  const found = new Map(answers.flat().map((study) => [uidOf(study), study]));
  const moment = (study) => text(study, '00080020') + text(study, '00080030');
  return [...found.values()].sort((one, other) => (moment(one) < moment(other) ? 1 : -1));
}

function explain(found) {
  const narrowed = $('q').value || $('modality').value || $('days').value !== '';
  $('nothing').hidden = found.length > 0 || !narrowed;
  $('nothing').textContent = 'No study matches.';
  $('welcome').hidden = found.length > 0 || Boolean(narrowed);
  $('worklist').hidden = found.length === 0;
}

function offerModalities(found) {
  const known = new Set([...$('modality').options].map((option) => option.value));
  for (const name of new Set(found.flatMap((study) => values(study, '00080061')))) {
    if (!known.has(name)) $('modality').add(new Option(name, name));
  }
}

function show(found) {
  const page = found.slice(0, shown.limit);
  const body = $('worklist').tBodies[0];
  const focused = document.activeElement?.closest?.('#worklist tr')?.dataset.uid;
  body.replaceChildren(...page.map((study) => row(study, found)));
  shown.known = new Set([...(shown.known ?? []), ...page.map(uidOf)]);
  if (body.rows.length) body.rows[0].tabIndex = 0;
  if (focused) [...body.rows].find((line) => line.dataset.uid === focused)?.focus();
  $('more').hidden = found.length <= shown.limit;
  $('count').textContent = found.length > shown.limit ? `newest ${shown.limit}` : `${found.length} ${found.length === 1 ? 'study' : 'studies'}`;
  explain(found);
  offerModalities(found);
}

// Somebody types: what is on its way to the page is no answer any more.
export function typing() {
  shown.asked += 1;
  $('worklist').ariaBusy = 'true';
  return shown.asked;
}

function refuse(error) {
  $('nothing').hidden = false;
  $('nothing').textContent = `The search was refused: ${error.message}.`;
  shown.text = '';
}

// Answers may come in another order than they were asked for: only the last question counts.
export async function showWorklist() {
  const mine = typing();
  const found = await studies().catch((error) => {
    if (error instanceof Refused) return error;
    throw error;
  });
  if (mine !== shown.asked) return;
  $('worklist').ariaBusy = 'false';
  const written = JSON.stringify(found) + shown.limit;
  if (found instanceof Refused) refuse(found);
  else if (written !== shown.text) {
    shown.text = written;
    show(found);
  }
}

export function showMore() {
  shown.limit += PAGE_SIZE;
  return showWorklist();
}

export function move(from, step) {
  const rows = [...$('worklist').tBodies[0].rows];
  const place = from ? rows.indexOf(from) + step : 0;
  if (place < 0) $('q').focus();
  else rows[Math.min(place, rows.length - 1)]?.focus();
}
