// The header of one image: its elements with their names, and where they are not what the standard says.
import { $, ask, cell, element, number } from './dom.js';

const asked = new URLSearchParams(location.search);
const study = asked.get('study') ?? '';
const STUDY = `/dicom-web/studies/${encodeURIComponent(study)}`;
const text = (found, tag) => (found[tag]?.Value ?? []).map((value) => value?.Alphabetic ?? value?.Ideographic ?? value).join(', ');
const instances = (series) => `${STUDY}/series/${encodeURIComponent(series)}/instances`;
let shown = { elements: [], findings: [] };
let latest = 0;

const written = (tag) => (tag ? `(${tag.slice(0, 4)},${tag.slice(4)})` : '');

function line(one, odd) {
  const made = element('tr', '', odd.has(one.tag) && one.depth === 0 ? 'odd' : '');
  const tag = cell('Tag', written(one.tag), 'uid');
  tag.style.paddingLeft = `${0.55 + one.depth * 1.2}rem`;
  made.append(tag, cell('Name', one.keyword), cell('VR', one.vr, 'uid'), cell('Value', one.value, 'value'));
  made.lastChild.dir = 'auto';
  return made;
}

// A line that matches brings the lines it lies in, so that one sees where it stands.
function matching(elements, words) {
  if (!words) return elements;
  const kept = new Set();
  const path = [];
  for (const one of elements) {
    path.length = one.depth;
    path.push(one);
    const all = `${one.tag} ${written(one.tag)} ${one.keyword} ${one.value}`.toLowerCase();
    if (one.tag && all.includes(words)) path.forEach((above) => kept.add(above));
  }
  return elements.filter((one) => kept.has(one));
}

function showElements() {
  const odd = new Set(shown.findings.map((finding) => finding.tag).filter(Boolean));
  const lines = matching(shown.elements, $('filter').value.trim().toLowerCase());
  $('elements').tBodies[0].replaceChildren(...lines.map((one) => line(one, odd)));
  $('count').textContent = lines.length === shown.elements.length ? `${number(lines.length)} lines` : `${number(lines.length)} of ${number(shown.elements.length)} lines`;
}

function showFindings() {
  const lines = shown.findings.map((finding) => {
    const made = element('tr', '');
    made.append(cell('Finding', finding.code.replaceAll('_', ' '), 'reason'), cell('Element', written(finding.tag), 'uid'), cell('What was found', finding.message));
    return made;
  });
  $('findings').hidden = lines.length === 0;
  $('findings').querySelector('tbody').replaceChildren(...lines);
}

function fact(label, value) {
  const made = element('span', `${label} `);
  made.append(element('b', value));
  return made;
}

function showAbout() {
  $('about').replaceChildren(
    fact('Received', new Date(shown.received_ms).toLocaleString()),
    fact('Size', `${number(Math.ceil(shown.size_bytes / 1024))} KB`),
    fact('Transfer syntax', shown.transfer_syntax_uid),
  );
}

function fail(error) {
  $('problem').hidden = false;
  $('problem').textContent = error.status === 404 ? 'There is no such image, or it may not be seen.' : `It cannot be shown: ${error.message}.`;
}

async function showInstance() {
  latest += 1;
  const mine = latest;
  const found = await ask(`/api/studies/${encodeURIComponent(study)}/series/${encodeURIComponent($('series').value)}/instances/${encodeURIComponent($('instance').value)}/header`);
  if (mine !== latest) return;
  shown = found;
  $('problem').hidden = true;
  history.replaceState(null, '', `?${new URLSearchParams({ study, series: $('series').value, instance: $('instance').value })}`);
  showAbout();
  showFindings();
  showElements();
}

async function showSeries(instance) {
  const found = await ask(`${instances($('series').value)}?limit=5000`);
  const uids = found.map((one) => text(one, '00080018'));
  $('instance').replaceChildren(...found.map((one, place) => new Option(`${place + 1} of ${found.length}${text(one, '00200013') ? `, number ${text(one, '00200013')}` : ''}`, uids[place])));
  if (uids.includes(instance)) $('instance').value = instance;
  await showInstance();
}

async function start() {
  const [about] = await ask(`/dicom-web/studies?StudyInstanceUID=${encodeURIComponent(study)}&includefield=00081030`);
  const found = await ask(`${STUDY}/series?includefield=0008103E&limit=1000`);
  if (!about || !found.length) throw Object.assign(new Error(), { status: 404 });
  const name = (about['00100010']?.Value?.[0]?.Alphabetic ?? '').replaceAll('^', ' ').trim();
  $('who').textContent = [name || 'No name', text(about, '00081030')].filter(Boolean).join(' · ');
  document.title = 'Header · Isocenter';
  $('series').replaceChildren(...found.map((one) => new Option([`Series ${text(one, '00200011')}`.trim(), text(one, '00080060'), text(one, '0008103E')].filter(Boolean).join(' · '), text(one, '0020000E'))));
  const wanted = asked.get('series');
  if (wanted && [...$('series').options].some((option) => option.value === wanted)) $('series').value = wanted;
  await showSeries(asked.get('instance'));
}

function step(by) {
  const place = $('instance').selectedIndex + by;
  if (place < 0 || place >= $('instance').length) return;
  $('instance').selectedIndex = place;
  showInstance().catch(fail);
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('select')) return;
  const inFilter = event.target === $('filter');
  if (event.key === '/' && !inFilter) $('filter').select();
  else if (event.key === 'ArrowRight' && !inFilter) step(1);
  else if (event.key === 'ArrowLeft' && !inFilter) step(-1);
  else return;
  event.preventDefault();
});
$('filter').addEventListener('input', showElements);
$('choice').addEventListener('submit', (event) => event.preventDefault());
$('series').addEventListener('change', () => showSeries(null).catch(fail));
$('instance').addEventListener('change', () => showInstance().catch(fail));
start().catch(fail);
