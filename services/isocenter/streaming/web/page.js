// The page: follows the platform's changes and passes keys and clicks on to the worklist.
import { $, ask, element, number } from './dom.js';
import { showHeld, showQuarantine } from './panels.js';
import { move, showMore, showWorklist, typing } from './worklist.js';

const RETRY_MS = 2000;
const INDEXING_MS = 1000;
const TYPING_MS = 150;
let session = false; // of a person who signed in elsewhere
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function fact(label, value, className) {
  const made = element('span', `${label} `, className);
  made.append(element('b', value));
  return made;
}

function linked(label, count, section, className) {
  if (!count) return fact(label, number(count));
  const made = element('a', `${label} `, className);
  made.href = `#${section}`;
  made.append(element('b', number(count)));
  return made;
}

function showState(state) {
  const facts = [
    fact('Studies', number(state.studies)),
    fact('Images', number(state.instances)),
    linked('Held', state.holds, 'held', 'bad'),
    linked('Quarantine', state.quarantines, 'quarantine', 'warm'),
  ];
  if (state.free_bytes != null) facts.push(fact('Free', `${number(Math.round(state.free_bytes / 1e9))} GB`));
  if (state.lag > 0) facts.push(fact('Indexing', number(state.lag), 'warm'));
  $('state').replaceChildren(...facts);
  const few = state.holds === 1 ? '1 image is held because it contradicts' : `${number(state.holds)} images are held because they contradict`;
  $('held-banner').hidden = !state.holds;
  $('held-banner').textContent = `${few} what is already here. A person has to decide.`;
}

async function refresh() {
  const [state, held, kept] = await Promise.all([ask('/api/state'), ask('/api/held'), ask('/api/quarantine')]);
  showHeld(held);
  showQuarantine(kept);
  await showWorklist();
  return state;
}

// No signing in by itself: the provider may not yet know that somebody left, and would let them in again.
function showSignedOut() {
  const again = element('a', 'Sign in');
  again.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  $('away').replaceChildren('You are signed out. ', again);
  $('away').hidden = false;
  $('sign-out').hidden = true;
  document.querySelector('main').hidden = true;
}

async function follow() {
  let generation = -1;
  for (;;) {
    try {
      const change = await ask(`/api/changes?after=${generation}`);
      let state = change.generation === generation ? await ask('/api/state') : await refresh();
      showState(state);
      generation = change.generation;
      $('away').hidden = true;
      document.body.classList.remove('stale');
      while (state.lag > 0 && state.generation === generation) {
        await pause(INDEXING_MS);
        state = await ask('/api/state');
        showState(state);
      }
    } catch (error) {
      if (error.status === 401 && session) return showSignedOut();
      $('away').hidden = false;
      $('away').textContent = error.status
        ? `The platform answers, but not with what this page needs: ${error.message}. Trying again …`
        : 'The platform does not answer. What you see may be old; trying again …';
      document.body.classList.add('stale');
      generation = -1;
      await pause(RETRY_MS);
    }
  }
}

async function introduce() {
  const about = await ask('/api/about');
  $('version').textContent = `Isocenter ${about.version}`;
  $('viewer-version').textContent = about.viewer ? `OHIF viewer ${about.viewer}` : 'The viewer is not installed: install Node.js 20 or newer and run make setup.';
  if (!about.viewer) $('viewer-link').hidden = true;
  $('quick-link').hidden = !about.quick;
  document.body.classList.toggle('viewerless', !about.viewer);
  session = about.caller.method === 'session';
  $('sign-out').hidden = !session;
  $('sign-out').title = about.caller.name;
}

async function signOut() {
  const answer = await fetch('/sign-out', { method: 'POST' });
  if (answer.ok) location.assign((await answer.json()).location);
}

const KEYS = {
  ArrowDown: (line) => move(line, 1),
  ArrowUp: (line) => move(line, -1),
  Enter: (line) => line.querySelector('a')?.click(),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const line = event.target.closest?.('#worklist tbody tr');
  const inSearch = event.target === $('q');
  if (line && KEYS[event.key] && event.target === line) KEYS[event.key](line);
  else if (inSearch && event.key === 'ArrowDown') move(null, 0);
  else if (event.key === '/' && !inSearch) $('q').select();
  else return;
  event.preventDefault();
}

let typed;
$('search').addEventListener('input', () => {
  typing();
  clearTimeout(typed);
  typed = setTimeout(() => showWorklist().catch(() => {}), TYPING_MS);
});
$('search').addEventListener('submit', (event) => event.preventDefault());
$('more').addEventListener('click', () => showMore().catch(() => {}));
$('worklist').tBodies[0].addEventListener('click', (event) => {
  const line = event.target.closest('tr');
  if (!event.target.closest('a') && !getSelection().toString()) line.querySelector('a')?.click();
});
document.addEventListener('keydown', onKey);
$('sign-out').addEventListener('click', () => signOut().catch(() => {}));
$('stow').textContent = `${location.origin}/dicom-web`;
introduce().catch(() => {});
follow();
