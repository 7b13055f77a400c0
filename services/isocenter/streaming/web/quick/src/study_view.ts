// A study on the screen: its series and the patient's other studies at the side, one picture or two beside each other.
import { find, make } from './dom.ts';
import { listKeys, onKey } from './keys.ts';
import type { Commands } from './keys.ts';
import { nearest } from './order.ts';
import { Pane } from './pane.ts';
import { hasImages, listPriors, listSeries, markSeries } from './series_list.ts';
import { findingsOf, priorsOf, studyWith } from './server.ts';
import type { Study } from './server.ts';
import { Stacks } from './stacks.ts';
import type { Listed } from './stacks.ts';
import { Stage } from './stage.ts';
import type { Holdable } from './stage.ts';
import { Toolbar } from './toolbar.ts';

const FINDINGS_MS = 300;
const enc = encodeURIComponent;

class StudyView {
  readonly stage = new Stage();
  readonly panes: Pane[] = [];
  readonly #toolbar: Toolbar;
  readonly #studies = new Map<string, Promise<Stacks>>();
  #study: Study | undefined;
  #priors: Study[] = [];
  #active: Pane | undefined;
  #linked = true;
  #offset = 0; // slices between both, where they are linked by hand
  #latest = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;
  go: (study: string) => void = () => {};

  constructor() {
    this.#toolbar = new Toolbar(find('tools'), { hold: (tool) => this.#hold(tool), preset: (key) => this.#active?.preset(key), act: this.#acts });
    this.#toolbar.held(this.stage.held);
    this.stage.pixels.onBetter = (shown) => this.panes.forEach((pane) => pane.better(shown));
    listKeys(find<HTMLDialogElement>('help'));
    document.addEventListener('keydown', (event) => this.#key(event));
    find('back').addEventListener('click', (event) => {
      event.preventDefault();
      this.go('');
    });
    new ResizeObserver(() => this.stage.engine.resize(true, true)).observe(find('panes'));
  }

  get active(): Pane | undefined { return this.#active; }

  async open(uid: string): Promise<void> {
    if (this.#study?.uid === uid) return;
    this.close();
    this.#latest += 1;
    const mine = this.#latest;
    find('problem').hidden = true;
    try {
      const study = await studyWith(uid);
      const stacks = await this.#stacks(study);
      if (mine !== this.#latest) return;
      this.#study = study;
      this.#introduce(study);
      listSeries(find('series'), stacks, (series) => void this.#show(stacks, series, this.#paneFor(0)));
      const first = stacks.series.find(hasImages);
      if (first) await this.#show(stacks, first, this.#paneFor(0));
      else this.#fail('There are no images in this study.');
      this.#priors = await priorsOf(study);
      if (mine !== this.#latest) return;
      listPriors(find('priors'), study, this.#priors, { open: (prior) => this.go(prior.uid), compare: (prior, list) => void this.#compare(prior, list) });
    } catch (error) {
      if (mine === this.#latest) this.#fail((error as Error).message);
    }
  }

  close(): void {
    this.#latest += 1;
    this.#study = undefined;
    this.#priors = [];
    while (this.panes.length) this.panes.pop()!.close();
    this.#active = undefined;
    for (const id of ['series', 'priors', 'who', 'what']) find(id).replaceChildren();
    find('study').classList.remove('comparing');
    this.#toolbar.comparing(false, false);
  }

  #stacks(study: Study): Promise<Stacks> {
    const made = this.#studies.get(study.uid) ?? Stacks.of(study);
    this.#studies.set(study.uid, made);
    made.catch(() => this.#studies.delete(study.uid));
    return made;
  }

  #introduce(study: Study): void {
    find('who').replaceChildren(make('b', '', study.name || 'no name'), make('span', '', [study.id, study.born && `* ${study.born}`, study.sex].filter(Boolean).join(' · ')));
    find('what').replaceChildren(make('span', '', [study.date, study.time].join(' ').trim()), make('span', '', study.description));
    find<HTMLAnchorElement>('full-link').href = `/viewer/viewer?StudyInstanceUIDs=${enc(study.uid)}`;
    document.title = 'Study · Quick viewer · Isocenter'; // no patient in the browser's history
  }

  #paneFor(place: number): Pane {
    for (let next = this.panes.length; next <= place; next += 1) {
      const pane = new Pane(`pane-${next}`, find('panes'), this.stage);
      pane.onUsed = (used) => this.#activate(used);
      pane.onMove = (moved) => this.#moved(moved);
      this.panes.push(pane);
      find('study').classList.toggle('comparing', this.panes.length > 1);
      this.stage.engine.resize(true, true);
    }
    return this.panes[place]!;
  }

  async #show(stacks: Stacks, series: Listed, pane: Pane, like?: Pane): Promise<void> {
    this.#activate(pane);
    const mine = this.#latest;
    const stack = await stacks.stack(series.uid);
    if (mine !== this.#latest) return;
    if (!stack.slices.length) return this.#fail('There are no images in this series.');
    find('problem').hidden = true;
    const start = like?.slice ? nearest(stack.slices, like.slice) : undefined;
    await pane.show(stack, start ?? (stack.slices.length > 1 && stack.slices[0]!.plane.patient ? Math.floor(stack.slices.length / 2) : 0));
    this.#mark();
  }

  #activate(pane: Pane): void {
    this.#active = pane;
    this.panes.forEach((one) => one.mark(one === pane && this.panes.length > 1));
    this.#mark();
  }

  #mark(): void {
    markSeries(this.panes.flatMap((pane) => pane.stack?.series ?? []), this.#active?.stack?.series);
    this.#toolbar.windows(this.#active?.presets() ?? []);
    this.#toolbar.playing(this.#active?.playing ?? false);
    this.#look();
  }

  // Both go together: by position where they have one, else by as many slices as one was moved.
  #moved(moved: Pane): void {
    this.#look();
    if (!this.#linked || moved !== this.#active) return;
    const other = this.panes.find((pane) => pane !== moved);
    if (!other?.stack || !moved.slice) return;
    const place = nearest(other.stack.slices, moved.slice);
    if (place !== undefined) other.jump(place + this.#offset);
  }

  // Header and findings are those of the image one rests at.
  #look(): void {
    clearTimeout(this.#looking);
    const slice = this.#active?.slice;
    if (!slice) return;
    const parameters = new URLSearchParams({ study: slice.study, series: slice.series, instance: slice.instance });
    find<HTMLAnchorElement>('header-link').href = `/header?${parameters}`;
    this.#looking = setTimeout(() => {
      findingsOf(slice.study, slice.series, slice.instance).then((found) => {
        if (this.#active?.slice !== slice) return;
        const line = find<HTMLAnchorElement>('findings');
        line.hidden = !found.length;
        line.href = `/header?${parameters}`;
        line.textContent = `⚠ ${found.length} ${found.length === 1 ? 'finding' : 'findings'}`;
        line.title = found.map((one) => `${one.code.replaceAll('_', ' ')}: ${one.message}`).join('\n');
      }, () => {});
    }, FINDINGS_MS);
  }

  async #compare(prior: Study, list: HTMLElement): Promise<void> {
    const [stacks, own] = await Promise.all([this.#stacks(prior), this.#study && this.#stacks(this.#study)]);
    const current = own?.series.find((one) => one.uid === this.panes[0]?.stack?.series);
    const chosen = stacks.like(current);
    if (!chosen) return this.#fail('There are no images in that study.');
    for (const one of document.querySelectorAll('.prior .series')) one.replaceChildren();
    listSeries(list, stacks, (series) => void this.#show(stacks, series, this.#paneFor(1), this.panes[0]));
    this.#offset = 0;
    const first = this.panes[0];
    await this.#show(stacks, chosen, this.#paneFor(1), first);
    if (first) this.#activate(first);
    this.#toolbar.comparing(true, this.#linked);
  }

  #single(): void {
    const [first, second] = this.panes;
    if (!first || !second) return;
    second.close();
    this.panes.length = 1;
    find('study').classList.remove('comparing');
    this.#toolbar.comparing(false, false);
    for (const one of document.querySelectorAll('.prior .series')) one.replaceChildren();
    this.stage.engine.resize(true, true);
    this.#activate(first);
  }

  // Linking anew keeps the distance that both have now: that is how patients who lie otherwise are brought together.
  #link(): void {
    this.#linked = !this.#linked;
    const [first, second] = this.panes;
    const other = first === this.#active ? second : first;
    const place = this.#linked && other?.stack && this.#active?.slice ? nearest(other.stack.slices, this.#active.slice) : undefined;
    this.#offset = place === undefined ? 0 : other!.index - place;
    this.#toolbar.comparing(this.panes.length > 1, this.#linked);
  }

  #hold(tool: Holdable): void {
    this.stage.hold(tool);
    this.#toolbar.held(tool);
  }

  #nextSeries(by: number): void {
    const cards = [...document.querySelectorAll<HTMLButtonElement>('.card:not(:disabled)')];
    const place = cards.findIndex((one) => one.dataset['uid'] === this.#active?.stack?.series);
    cards[place + by]?.click();
  }

  #other(): void {
    const place = this.#active ? this.panes.indexOf(this.#active) : -1;
    const next = this.panes[(place + 1) % this.panes.length];
    if (next) this.#activate(next);
  }

  #fail(words: string): void {
    find('problem').hidden = false;
    find('problem').textContent = words;
  }

  readonly #acts = {
    cine: () => {
      this.#active?.play();
      this.#mark();
    },
    invert: () => this.#active?.invert(),
    turn: () => this.#active?.turn(),
    mirror: () => this.#active?.mirror('flipHorizontal'),
    flip: () => this.#active?.mirror('flipVertical'),
    reset: () => this.#active?.reset(),
    remove: () => void this.stage.removeMeasurement(),
    single: () => this.#single(),
    link: () => this.#link(),
    other: () => this.#other(),
    help: () => find<HTMLDialogElement>('help').showModal(),
    header: () => find('header-link').click(),
    compare: () => find('priors').querySelector('button')?.click(),
    back: () => (this.panes.length > 1 ? this.#single() : this.go('')),
  };

  readonly #commands: Commands = {
    step: (by) => this.#active?.step(by),
    end: (last) => this.#active?.jump(last ? Infinity : 0),
    series: (by) => this.#nextSeries(by),
    hold: (tool) => this.#hold(tool),
    preset: (key) => this.#active?.preset(key),
    act: this.#acts,
  };

  #key(event: KeyboardEvent): void {
    if (find('study').hidden || find<HTMLDialogElement>('help').open || (event.target as Element).closest('select, input')) return;
    if (onKey(event, this.#commands)) event.preventDefault();
  }
}

let view: StudyView | undefined;

declare global {
  // What a person at the console, or a test, looks at.
  var quick: StudyView | undefined;
}

export function open(study: string, go: (study: string) => void): Promise<void> {
  view ??= new StudyView();
  globalThis.quick = view;
  view.go = go;
  return view.open(study);
}

export function close(): void { view?.close(); }
