// The side of a study: its series with thumbnails, and the patient's other studies.
import { button, make } from './dom.ts';
import { thumbnail } from './server.ts';
import type { Study } from './server.ts';
import type { Listed, Stacks } from './stacks.ts';

const IMAGELESS = new Set(['SR', 'PR', 'KO', 'SEG', 'RTSTRUCT', 'RTPLAN', 'RTRECORD', 'REG', 'DOC', 'ECG', 'FID', 'AU', 'PLAN']);

export const hasImages = (series: Listed): boolean => series.images > 0 && !IMAGELESS.has(series.modality);

function card(stacks: Stacks, series: Listed, open: (series: Listed) => void): HTMLButtonElement {
  const made = button('card', '', () => open(series));
  made.dataset['uid'] = series.uid;
  made.setAttribute('role', 'option');
  const picture = make('img');
  picture.alt = '';
  picture.loading = 'lazy';
  picture.decoding = 'async';
  picture.addEventListener('error', () => picture.replaceWith(make('span', 'blank', series.modality)));
  const shown = hasImages(series);
  if (shown) picture.src = thumbnail(stacks.study.uid, series.uid);
  made.append(
    shown ? picture : make('span', 'blank', series.modality),
    make('span', 'label', make('b', '', series.label), make('small', '', series.details), make('small', 'amount', `${series.images}`)),
  );
  made.title = [series.label, series.details, series.description].filter(Boolean).join('\n');
  made.disabled = !shown;
  if ((series.arranged?.warnings ?? []).length) made.classList.add('warned');
  return made;
}

/** Lists a study's series in `host`. */
export function listSeries(host: HTMLElement, stacks: Stacks, open: (series: Listed) => void): void {
  host.replaceChildren(...stacks.series.map((one) => card(stacks, one, open)));
}

/** Marks the series that are on the screen, and brings the active one into sight. */
export function markSeries(shown: readonly string[], active: string | undefined): void {
  for (const one of document.querySelectorAll<HTMLElement>('.card')) {
    const uid = one.dataset['uid'] ?? '';
    one.classList.toggle('shown', shown.includes(uid));
    one.classList.toggle('active', uid === active);
    one.ariaSelected = String(uid === active);
    if (uid === active) one.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
}

export interface PriorActs {
  open: (study: Study) => void;
  compare: (study: Study, list: HTMLElement) => void;
}

/** Lists the patient's other studies, newest first. */
export function listPriors(host: HTMLElement, current: Study, priors: readonly Study[], acts: PriorActs): void {
  const lines = priors.map((study) => {
    const list = make('div', 'series');
    const made = make(
      'section', 'prior',
      make('div', 'prior-head', make('b', '', study.date || 'no date'), make('span', 'kind', study.modalities.join(' '))),
      make('div', 'prior-what', study.description || 'no description'),
      make('div', 'prior-acts', button('', 'Compare', () => acts.compare(study, list)), button('', 'Open', () => acts.open(study))),
      list,
    );
    if (study.date > current.date) made.classList.add('later');
    made.dataset['uid'] = study.uid;
    return made;
  });
  host.replaceChildren(...(lines.length ? [make('h2', '', 'Other studies'), ...lines] : []));
}
