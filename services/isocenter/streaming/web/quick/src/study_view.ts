// A study on the screen: its series and the patient's other studies at the side, one picture or two beside each other.
import { find } from './dom.ts';
import { hangings } from './hanging.ts';
import type { Hanging, Hung } from './hanging.ts';
import { Head } from './head.ts';
import { listKeys, onKey } from './keys.ts';
import type { Commands } from './keys.ts';
import { Link } from './link.ts';
import { Marks } from './marks.ts';
import { nearest } from './order.ts';
import { Pane } from './pane.ts';
import type { Stack } from './pane.ts';
import type { Begun, Opening } from './pixels.ts';
import { Planes } from './planes.ts';
import { hasImages, listPriors, listSeries, markSeries } from './series_list.ts';
import { hangingOf, priorsOf, studyWith } from './server.ts';
import type { Study } from './server.ts';
import { Stacks } from './stacks.ts';
import type { Listed } from './stacks.ts';
import type { Slice } from './slice.ts';
import { Stage } from './stage.ts';
import type { Holdable } from './stage.ts';
import { Toolbar } from './toolbar.ts';
import { volumeOf } from './volume.ts';
import { nothing } from './warming.ts';

const isSmall = (): boolean => matchMedia('(max-width: 760px)').matches;

export class StudyView {
  readonly stage = new Stage();
  readonly panes: Pane[] = [];
  readonly #toolbar: Toolbar;
  readonly #head = new Head();
  readonly #studies = new Map<string, Promise<Stacks>>();
  #study: Study | undefined;
  #priors: Study[] = [];
  #active: Pane | undefined;
  readonly #link = new Link();
  #hangings: Hung[] = [];
  #planes: Planes | undefined;
  readonly #marks: Marks;
  #problem = ''; // with the hospital's own layouts
  #hung = -1; // which of them is on the screen
  #latest = 0;
  #made = 0; // panes, ever
  go: (study: string) => void = () => {};

  constructor() {
    this.#toolbar = new Toolbar(find('tools'), { hold: (tool) => this.#hold(tool), preset: (key) => this.#preset(key), hang: (place) => void this.#hang(place - 1), act: this.#acts });
    this.#toolbar.held(this.stage.held);
    this.#marks = new Marks({
      count: (marked) => this.#toolbar.marked(marked), fail: (words) => this.#fail(words), changed: () => this.panes.forEach((pane) => pane.refresh()),
    });
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

  /** Whether another study may be opened, or none. */
  mayOpen(uid: string): boolean { return uid === this.#study?.uid || this.#marks.mayLeave(); }

  /** Does beforehand what takes time and needs no study. */
  async warm(): Promise<void> {
    const { slice, shown } = nothing();
    await this.#paneFor(0).warm(slice, shown);
  }

  /** Opens a study; of one that is `known` nothing is asked before its first picture is here. */
  async open(uid: string, known?: Study): Promise<void> {
    if (this.#study?.uid === uid) return;
    const opening = this.#studies.has(uid) ? undefined : this.stage.pixels.open(uid); // before all else
    this.close(opening);
    this.#latest += 1;
    const mine = this.#latest;
    find('problem').hidden = true;
    try {
      const study = known ?? await studyWith(uid);
      if (mine !== this.#latest) return;
      this.#study = study;
      this.#head.introduce(study);
      const begun = opening && await this.#begin(opening, study);
      if (mine !== this.#latest) return;
      const [stacks, hanging] = await Promise.all([this.#stacks(study, begun?.slices), hangingOf()]);
      if (mine !== this.#latest) return;
      this.#problem = hanging.problem && `hanging.json is not used: ${hanging.problem}`;
      listSeries(find('series'), stacks, (series) => void this.#show(stacks, series, this.#active ?? this.#paneFor(0)));
      this.#offer(hangings(hanging.protocols, stacks.series.filter(hasImages), []));
      await this.#first(stacks);
      await this.#marks.read(stacks);
      this.#priors = await priorsOf(study);
      if (mine !== this.#latest) return;
      listPriors(find('priors'), study, this.#priors, { open: (prior) => this.go(prior.uid), compare: (prior, list) => void this.#compare(prior, list) });
      await this.#withPrior(stacks, hanging);
    } catch (error) {
      if (mine === this.#latest) this.#fail((error as Error).message);
    }
  }

  // Its first pictures, as they come. How the series is called and how the study hangs is asked when one is whole.
  async #begin({ near, every }: Opening, study: Study): Promise<Begun | undefined> {
    const mine = this.#latest;
    const about = [study.date, study.description].filter(Boolean).join(' · ');
    const made = ({ slices }: Begun): Stack => ({ study: study.uid, series: slices[0]!.series, label: '', about, slices, warnings: [], stacks: new Map() });
    const first = await near;
    if (!first?.slices.length || mine !== this.#latest) return undefined;
    const pane = this.#paneFor(0);
    this.#active = pane;
    void pane.begin({ ...made(first), part: first }, first.at);
    const all = await every;
    if (!all || mine !== this.#latest) return undefined;
    const at = all.slices.findIndex(({ key }) => key === pane.slice?.key);
    await pane.show(made(all), at < 0 ? all.at : at);
    return all;
  }

  // The first layout that holds for the study, where there is room for it; else its first series.
  async #first(stacks: Stacks): Promise<void> {
    if (this.#hangings.length && !isSmall()) return this.#hang(0, true);
    const first = stacks.series.find(hasImages);
    if (first) return this.#show(stacks, first, this.#paneFor(0), { keep: true });
    return this.#fail('There are no images in this study.');
  }

  // Layouts with the newest earlier study, once it is known which one that is.
  async #withPrior(stacks: Stacks, { protocols }: Hanging): Promise<void> {
    const mine = this.#latest;
    const prior = this.#prior();
    if (!prior) return;
    const earlier = await this.#stacks(prior);
    if (mine === this.#latest) this.#offer(hangings(protocols, stacks.series.filter(hasImages), earlier.series.filter(hasImages)));
  }

  #prior(): Study | undefined {
    const now = this.#study;
    return this.#priors.find((one) => one.date <= (now?.date ?? '') && one.modalities.some((name) => now?.modalities.includes(name)));
  }

  #offer(found: Hung[]): void {
    const name = this.#hangings[this.#hung]?.name;
    this.#hangings = found;
    this.#hung = found.findIndex((one) => one.name === name);
    this.#toolbar.layouts(found.map((one) => one.name), this.#problem);
  }

  async #hang(place: number, keep = false): Promise<void> {
    const hung = this.#hangings[place];
    if (!hung || !this.#study) return this.#single();
    const mine = this.#latest;
    const prior = hung.placed.some((one) => one.prior) ? this.#prior() : undefined;
    const [own, earlier] = await Promise.all([this.#stacks(this.#study), prior && this.#stacks(prior)]);
    if (mine !== this.#latest) return;
    this.#uncut();
    this.#hung = place;
    this.#arrange(hung.rows, hung.columns);
    await Promise.all(hung.placed.map(async ({ series, window, ...one }, at) => {
      const stacks = one.prior ? earlier : own;
      const pane = this.panes[at];
      if (!stacks || !pane) return;
      await this.#show(stacks, series, pane, { keep });
      if (window) pane.hangWindow(window);
    }));
    if (mine !== this.#latest) return;
    const [first, ...others] = this.panes;
    if (!first?.slice) return;
    this.#activate(first);
    for (const other of others) {
      const near = other.stack && nearest(other.stack.slices, first.slice);
      if (near !== undefined) other.jump(near);
    }
  }

  /** Lets go of what is shown; one picture stays, empty, for the next study. What is being opened goes on. */
  close(opening?: Opening): void {
    this.#latest += 1;
    this.#uncut();
    this.stage.pixels.abandon(opening);
    this.#study = undefined;
    this.#marks.clear();
    this.#priors = [];
    this.#offer([]);
    this.#active = undefined;
    if (this.panes.length > 1) this.#arrange(1, 1);
    this.panes[0]?.clear();
    this.panes[0]?.mark(false);
    for (const id of ['series', 'priors', 'who', 'what']) find(id).replaceChildren();
    find('study').classList.remove('comparing');
    this.#toolbar.comparing(false, false);
  }

  #stacks(study: Study, begun?: readonly Slice[]): Promise<Stacks> {
    const made = this.#studies.get(study.uid) ?? Stacks.of(study, begun);
    this.#studies.set(study.uid, made);
    made.catch(() => this.#studies.delete(study.uid));
    return made;
  }

  #paneFor(place: number): Pane {
    if (place >= this.panes.length) this.#arrange(1, place + 1);
    return this.panes[place]!;
  }

  // As many pictures as there is room for in rows and columns; those that stay keep what they show.
  #arrange(rows: number, columns: number): void {
    while (this.panes.length > rows * columns) this.panes.pop()!.close();
    while (this.panes.length < rows * columns) {
      const pane = new Pane(`pane-${(this.#made += 1)}`, find('panes'), this.stage);
      pane.onUsed = (used) => this.#activate(used);
      pane.onMove = (moved) => this.#moved(moved);
      pane.isKey = (slice) => this.#marks.isKey(slice);
      this.panes.push(pane);
    }
    const upright = isSmall();
    find('panes').style.gridTemplate = `repeat(${upright ? rows * columns : rows}, minmax(0, 1fr)) / repeat(${upright ? 1 : columns}, minmax(0, 1fr))`;
    find('study').classList.toggle('comparing', this.panes.length > 1);
    this.#link.forget();
    this.#toolbar.comparing(this.panes.length > 1, this.#link.on);
    this.stage.engine.resize(true, false); // fitted anew
  }

  async #show(stacks: Stacks, series: Listed, pane: Pane, { like, keep = false }: { like?: Pane | undefined; keep?: boolean } = {}): Promise<void> {
    this.#activate(pane);
    this.#link.leave(pane);
    const mine = this.#latest;
    const stack = await stacks.stack(series.uid);
    if (mine !== this.#latest || !this.panes.includes(pane)) return;
    if (!stack.slices.length) return this.#fail('There are no images in this series.');
    find('problem').hidden = true;
    if (keep && pane.stack?.series === stack.series) {
      await pane.keep(stack);
      return this.#mark();
    }
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
    this.#head.look(this.#active?.slice);
  }

  #moved(moved: Pane): void {
    this.#head.look(this.#active?.slice);
    if (moved === this.#active) this.#link.follow(moved, this.panes);
  }

  async #compare(prior: Study, list: HTMLElement): Promise<void> {
    const [stacks, own] = await Promise.all([this.#stacks(prior), this.#study && this.#stacks(this.#study)]);
    const current = own?.series.find((one) => one.uid === this.panes[0]?.stack?.series);
    const chosen = stacks.like(current);
    if (!chosen) return this.#fail('There are no images in that study.');
    for (const one of document.querySelectorAll('.prior .series')) one.replaceChildren();
    listSeries(list, stacks, (series) => void this.#show(stacks, series, this.#paneFor(1), { like: this.panes[0] }));
    this.#single();
    const first = this.panes[0];
    await this.#show(stacks, chosen, this.#paneFor(1), { like: first });
    if (first) this.#activate(first);
    this.#toolbar.comparing(true, this.#link.on);
  }

  // The active picture alone.
  #single(): void {
    const kept = this.#active ?? this.panes[0];
    if (!kept || this.panes.length < 2) return;
    for (const pane of this.panes) if (pane !== kept) pane.close();
    this.panes.splice(0, this.panes.length, kept);
    this.#hung = -1;
    this.#arrange(1, 1);
    for (const one of document.querySelectorAll('.prior .series')) one.replaceChildren();
    this.#activate(kept);
  }

  #relink(): void {
    this.#link.toggle(this.#active, this.panes);
    this.#toolbar.comparing(this.panes.length > 1, this.#link.on);
  }

  #markKey(): void {
    const slice = this.#active?.slice;
    if (!slice || slice.study !== this.#study?.uid) return; // a prior's are the prior's
    this.#marks.toggle(slice);
  }

  // Three planes of what the active picture shows, over everything; again, and they are gone.
  #cut(): void {
    if (this.#planes) return this.#uncut();
    const pane = this.#active;
    if (!pane?.stack || !pane.slice) return;
    const slices = volumeOf(pane.stack.slices, pane.stack.stacks, pane.slice);
    if (typeof slices === 'string') return this.#fail(slices);
    this.#planes = new Planes(this.stage, find('panes'), slices, pane.stack.label);
    const range = pane.viewport.getProperties().voiRange ?? { lower: 0, upper: 255 };
    this.#planes.show(range).catch((error: Error) => this.#fail(error.message));
    return this.#toolbar.held('StackScroll');
  }

  #uncut(): void {
    this.#planes?.close();
    this.#planes = undefined;
    this.#toolbar.held(this.stage.held);
  }

  #preset(key: number): void {
    this.#active?.preset(key);
    const range = this.#active?.viewport.getProperties().voiRange;
    if (range) this.#planes?.window(range);
  }

  #hold(tool: Holdable): void {
    if (this.#planes) this.#planes.hold(tool);
    else this.stage.hold(tool);
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
    find('problem').hidden = !words;
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
    reset: () => (this.#planes ?? this.#active)?.reset(),
    remove: () => void this.stage.removeMeasurement(),
    single: () => this.#single(),
    link: () => this.#relink(),
    other: () => this.#other(),
    hang: () => void this.#hang((this.#hung + 1) % Math.max(1, this.#hangings.length)),
    help: () => find<HTMLDialogElement>('help').showModal(),
    header: () => find('header-link').click(),
    compare: () => find('priors').querySelector('button')?.click(),
    planes: () => this.#cut(),
    key: () => this.#markKey(),
    save: () => void this.#marks.save(),
    back: () => (this.#planes ? this.#uncut() : this.panes.length > 1 ? this.#single() : this.go('')),
  };

  readonly #commands: Commands = {
    step: (by) => (this.#planes ?? this.#active)?.step(by),
    end: (last) => this.#active?.jump(last ? Infinity : 0),
    series: (by) => this.#nextSeries(by),
    hold: (tool) => this.#hold(tool),
    preset: (key) => this.#preset(key),
    act: this.#acts,
  };

  #key(event: KeyboardEvent): void {
    if (find('study').hidden || find<HTMLDialogElement>('help').open || (event.target as Element).closest('select, input')) return;
    if (onKey(event, this.#commands)) event.preventDefault();
  }
}
