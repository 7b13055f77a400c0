// The quick viewer: a worklist, and with `?study=` a study. The renderer is fetched beside the worklist, not before it,
// and made ready there: what takes time and needs no study is done when one is chosen.
import './style.css';
import { find } from './dom.ts';
import type { Study } from './server.ts';
import { Worklist } from './worklist.ts';

let loading: Promise<typeof import('./one_view.ts')> | undefined;
const view = (): Promise<typeof import('./one_view.ts')> => (loading ??= import('./one_view.ts'));
let seen = ''; // study on the screen
const address = (study: string): string => (study ? `/quick/?study=${encodeURIComponent(study)}` : '/quick/');

async function go(study: string, known?: Study): Promise<void> {
  if (loading && !(await loading).mayOpen(study)) return;
  await show(study, known, () => history.pushState(null, '', address(study)));
}

const worklist = new Worklist((study, known) => void go(study, known));

async function show(study: string, known?: Study, enter = (): void => {}): Promise<void> {
  seen = study;
  if (study) {
    const { open } = await view();
    const opened = open(study, (other) => void go(other), known); // asks for pixels before anything else is done
    enter();
    find('list').hidden = true;
    find('study').hidden = false;
    worklist.hide();
    return opened;
  }
  enter();
  find('list').hidden = false;
  find('study').hidden = true;
  document.title = 'Quick viewer · Isocenter';
  if (loading) (await loading).close();
  await worklist.show();
  const { warm } = await view(); // so that it is here when a study is chosen
  return warm();
}

const addressed = (): string => new URLSearchParams(location.search).get('study') ?? '';
window.addEventListener('popstate', () => void (async () => {
  const study = addressed();
  if (loading && !(await loading).mayOpen(study)) return history.pushState(null, '', address(seen)); // one stays
  return show(study);
})());
void show(addressed());
