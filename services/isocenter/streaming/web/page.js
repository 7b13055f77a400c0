// The worklist: asks what changed, shows it, and opens studies in the viewer. Texts are set, never parsed as HTML.
const PAGE_SIZE = 50;
const $ = (id) => document.getElementById(id);
const shown = { limit: PAGE_SIZE, known: new Set(), first: true };

const values = (study, tag) => study[tag]?.Value ?? [];
const text = (study, tag) => values(study, tag).join(', ');
const date = (study, tag) => text(study, tag).replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
const spaced = (name) => (name ?? '').replaceAll('^', ' ').replaceAll('=', ' ').trim();

function element(tag, content, className) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (content instanceof Node) made.append(content);
  else made.textContent = content ?? '';
  return made;
}

function nameCell(study) {
  const name = values(study, '00100010')[0] ?? {};
  const groups = [name.Alphabetic, name.Ideographic, name.Phonetic].map(spaced).filter(Boolean);
  const cell = element('td', groups[0] ?? '(no name)', 'name');
  if (groups.length > 1) cell.append(element('small', groups.slice(1).join(' · ')));
  return cell;
}

function row(study) {
  const uid = text(study, '0020000D');
  const address = `/viewer/viewer?StudyInstanceUIDs=${encodeURIComponent(uid)}`;
  const line = element('tr', '');
  line.append(
    nameCell(study),
    element('td', text(study, '00100020')),
    element('td', date(study, '00100030'), 'date'),
    element('td', date(study, '00080020'), 'date'),
    element('td', text(study, '00080061')),
    element('td', text(study, '00081030')),
    element('td', text(study, '00080050')),
    element('td', text(study, '00201206'), 'number'),
    element('td', text(study, '00201208'), 'number'),
  );
  const open = element('a', 'Open', 'open');
  open.href = address;
  line.append(element('td', open));
  line.addEventListener('click', (event) => {
    if (!(event.target instanceof HTMLAnchorElement)) location.href = address;
  });
  if (!shown.first && !shown.known.has(uid)) line.className = 'new';
  shown.known.add(uid);
  return line;
}

function dayBefore(days) {
  const day = new Date(Date.now() - days * 86400000);
  return `${day.getFullYear()}${String(day.getMonth() + 1).padStart(2, '0')}${String(day.getDate()).padStart(2, '0')}`;
}

function question(extra) {
  const parameters = new URLSearchParams({ limit: String(shown.limit + 1), includefield: '00081030', ...extra });
  if ($('modality').value) parameters.set('ModalitiesInStudy', $('modality').value);
  if ($('days').value !== '') parameters.set('StudyDate', `${dayBefore(Number($('days').value))}-`);
  return `/dicom-web/studies?${parameters}`;
}

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: 'application/dicom+json, application/json' } });
  if (answer.status === 204) return [];
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.json();
}

async function studies() {
  const words = $('q').value.trim();
  if (!words) return ask(question({}));
  const pattern = `*${words.replace(/[*?\\]/g, '')}*`;
  const keys = ['PatientName', 'PatientID', 'AccessionNumber'];
  const answers = await Promise.all(keys.map((key) => ask(question({ [key]: pattern }))));
  const found = new Map(answers.flat().map((study) => [text(study, '0020000D'), study]));
  return [...found.values()];
}

async function showWorklist() {
  const found = await studies();
  const body = $('worklist').tBodies[0];
  body.replaceChildren(...found.slice(0, shown.limit).map(row));
  shown.first = false;
  $('more').hidden = found.length <= shown.limit;
  $('count').textContent = found.length > shown.limit ? `first ${shown.limit}` : `${found.length} found`;
  $('empty').hidden = found.length > 0;
  $('empty').textContent = $('q').value ? 'Nothing matches.' : 'Nothing here yet. Send a study, or run: isocenter import FOLDER';
  for (const name of found.flatMap((study) => values(study, '00080061'))) {
    if (![...$('modality').options].some((option) => option.value === name)) $('modality').add(new Option(name, name));
  }
}

function fact(label, value, className) {
  const made = element('span', `${label} `, className);
  made.append(element('b', value));
  return made;
}

function showState(state) {
  const number = (value) => Number(value ?? 0).toLocaleString();
  $('state').replaceChildren(
    fact('Studies', number(state.studies)),
    fact('Images', number(state.instances)),
    fact('Held', number(state.holds), state.holds ? 'bad' : ''),
    fact('Quarantine', number(state.quarantines), state.quarantines ? 'warm' : ''),
    ...(state.free_bytes == null ? [] : [fact('Free', `${(state.free_bytes / 1e9).toFixed(0)} GB`)]),
    ...(state.lag > 0 ? [fact('Indexing', number(state.lag), 'warm')] : []),
  );
  $('banner').hidden = !state.holds;
  $('banner').textContent = state.holds ? `${number(state.holds)} instance(s) are held because their identity disagrees with what is here. See below.` : '';
}

function fill(section, lines) {
  $(section).hidden = lines.length === 0;
  $(section).querySelector('tbody').replaceChildren(...lines);
}

const cells = (line, ...made) => {
  line.append(...made);
  return line;
};

function showHeld(held) {
  fill('held', held.map((hold) => cells(element('tr', ''),
    element('td', hold.reason.replaceAll('_', ' ')),
    element('td', hold.sop_instance_uid, 'uid'),
    element('td', hold.study_instance_uid, 'uid'),
    element('td', hold.standing_study_instance_uid, 'uid'),
    element('td', hold.hold_id, 'uid'))));
}

function showQuarantine(kept) {
  fill('quarantine', kept.map((thing) => cells(element('tr', ''),
    element('td', thing.reason.replaceAll('_', ' ')),
    element('td', thing.message),
    element('td', thing.sender),
    element('td', `${Math.ceil(thing.size_bytes / 1024)} KB`, 'number'),
    element('td', thing.repeats, 'number'),
    element('td', thing.digest.slice(0, 16), 'uid'))));
}

async function refresh() {
  const [state, held, kept] = await Promise.all([ask('/api/state'), ask('/api/held'), ask('/api/quarantine')]);
  showState(state);
  showHeld(held);
  showQuarantine(kept);
  await showWorklist();
}

async function follow() {
  let generation = -1;
  for (;;) {
    try {
      const change = await ask(`/api/changes?after=${generation}`);
      if (change.generation !== generation) {
        generation = change.generation;
        await refresh();
      }
      $('state').classList.remove('bad');
    } catch {
      $('state').replaceChildren(element('span', 'The platform does not answer; trying again …', 'bad'));
      generation = -1;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

let typing;
$('search').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(showWorklist, 150);
});
$('search').addEventListener('submit', (event) => event.preventDefault());
$('more').addEventListener('click', () => {
  shown.limit += PAGE_SIZE;
  showWorklist();
});
follow();
