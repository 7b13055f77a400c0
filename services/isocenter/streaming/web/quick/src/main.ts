// The quick viewer: a worklist, and with `?study=` a study. The renderer is fetched beside the worklist, not before it.
import './style.css';
import { find } from './dom.ts';
import { Worklist } from './worklist.ts';

let loading: Promise<typeof import('./study_view.ts')> | undefined;
const view = (): Promise<typeof import('./study_view.ts')> => (loading ??= import('./study_view.ts'));

function go(study: string): void {
  history.pushState(null, '', study ? `/quick/?study=${encodeURIComponent(study)}` : '/quick/');
  void show();
}

const worklist = new Worklist(go);

async function show(): Promise<void> {
  const study = new URLSearchParams(location.search).get('study') ?? '';
  find('list').hidden = Boolean(study);
  find('study').hidden = !study;
  if (study) {
    worklist.hide();
    const { open } = await view();
    return open(study, go);
  }
  document.title = 'Quick viewer · Isocenter';
  if (loading) (await loading).close();
  await worklist.show();
  await view(); // so that it is here when a study is chosen
}

window.addEventListener('popstate', () => void show());
void show();
