// The worklist: searches as one types, newest first, all by keys.
import { find, make } from './dom.ts';
import { changed, newest, searched } from './server.ts';
import type { Study } from './server.ts';

const TYPING_MS = 150;
const PAGE = 50;

function dayBefore(days: number): string {
  const day = new Date();
  day.setDate(day.getDate() - days);
  return `${day.getFullYear()}${String(day.getMonth() + 1).padStart(2, '0')}${String(day.getDate()).padStart(2, '0')}`;
}

function cell(label: string, content: string | Node, className = ''): HTMLTableCellElement {
  const made = make('td', className, content);
  made.dataset['label'] = label; // what a narrow screen shows instead of a column's head
  return made;
}

export class Worklist {
  readonly #words = find<HTMLInputElement>('words');
  readonly #modality = find<HTMLSelectElement>('modality');
  readonly #days = find<HTMLSelectElement>('days');
  readonly #table = find<HTMLTableElement>('studies');
  #limit = PAGE;
  #asking = new AbortController();
  #following = new AbortController();
  #typed: ReturnType<typeof setTimeout> | undefined;
  #last = ''; // study that was opened: where one comes back to
  #listed = new Map<string, Study>();

  constructor(private readonly open: (study: string, known?: Study) => void) {
    find('search').addEventListener('submit', (event) => event.preventDefault());
    find('search').addEventListener('input', () => this.#later());
    find('more').addEventListener('click', () => {
      this.#limit += PAGE;
      void this.#ask();
    });
    find('list').addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('keydown', (event) => {
      if (find('list').hidden || event.key !== '/' || event.target === this.#words) return;
      event.preventDefault();
      this.#words.select();
    });
    this.#table.tBodies[0]!.addEventListener('click', (event) => {
      const row = (event.target as Element).closest('tr');
      if (row && getSelection()?.type !== 'Range') this.#choose(row); // words of it are being marked
    });
  }

  show(): Promise<void> {
    void this.#follow();
    return this.#ask();
  }

  hide(): void {
    this.#asking.abort();
    this.#following.abort();
  }

  // What arrives appears by itself. Who may not know of changes has the list as it was when it was asked for.
  async #follow(): Promise<void> {
    this.#following.abort();
    this.#following = new AbortController();
    const { signal } = this.#following;
    try {
      for (let known = await changed(-1, signal); !signal.aborted;) {
        const now = await changed(known, signal);
        if (now !== known && this.#table.ariaBusy !== 'true') await this.#ask(false);
        known = now;
      }
    } catch {
      // gone, or not allowed: nothing is lost but the following
    }
  }

  #choose(row: HTMLTableRowElement): void {
    this.#last = row.dataset['uid'] ?? '';
    this.open(this.#last, this.#listed.get(this.#last));
  }

  #later(): void {
    this.#asking.abort(); // what is on its way is no answer any more
    this.#table.ariaBusy = 'true';
    this.#limit = PAGE;
    clearTimeout(this.#typed);
    this.#typed = setTimeout(() => void this.#ask(), TYPING_MS);
  }

  async #ask(told = true): Promise<void> {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    if (told) this.#table.ariaBusy = 'true';
    const from = this.#days.value === '' ? '' : dayBefore(Number(this.#days.value));
    try {
      const found = await searched({ words: this.#words.value, modality: this.#modality.value, from, limit: this.#limit + 1 }, signal);
      if (!signal.aborted) this.#list(newest(found));
    } catch (error) {
      if (signal.aborted) return;
      this.#list([]);
      this.#say(`The search failed: ${(error as Error).message}`);
    }
  }

  #list(found: Study[]): void {
    const page = found.slice(0, this.#limit);
    this.#listed = new Map(page.map((study) => [study.uid, study]));
    this.#last ||= document.activeElement?.closest<HTMLElement>('#studies tbody tr')?.dataset['uid'] ?? '';
    const body = this.#table.tBodies[0]!;
    body.replaceChildren(...page.map((study) => this.#row(study, found)));
    const [first] = body.rows;
    if (first) first.tabIndex = 0;
    this.#table.hidden = !page.length;
    this.#table.ariaBusy = 'false';
    this.#say(page.length ? '' : 'No study matches.');
    find('more').hidden = found.length <= this.#limit;
    find('count').textContent = found.length > this.#limit ? `newest ${page.length}` : `${found.length} ${found.length === 1 ? 'study' : 'studies'}`;
    this.#offer(found);
    if (this.#last) [...body.rows].find((row) => row.dataset['uid'] === this.#last)?.focus();
    this.#last = '';
  }

  #say(words: string): void {
    find('nothing').hidden = !words;
    find('nothing').textContent = words;
  }

  #row(study: Study, all: readonly Study[]): HTMLTableRowElement {
    const row = make('tr');
    row.dataset['uid'] = study.uid;
    row.tabIndex = -1;
    const [latin, own] = study.name.split(' · ');
    const name = cell('Patient', latin || 'no name', study.name ? 'name' : 'name none');
    if (own) name.append(make('small', '', own));
    const id = cell('ID', study.id, 'id');
    // whose ID it is matters, and is shown, where one ID stands for two people
    if (study.id && new Set(all.filter((one) => one.id === study.id).map((one) => one.issuer)).size > 1) id.append(make('small', '', study.issuer || 'no issuer'));
    row.append(
      name, id, cell('Study', `${study.date} ${study.time}`.trim(), 'date'), cell('Modality', study.modalities.join(' '), 'kind'),
      cell('Description', study.description, 'description'), cell('Accession', study.accession),
      cell('Images', `${study.images.toLocaleString()}${study.series > 1 ? ` in ${study.series}` : ''}`, 'amount'),
    );
    return row;
  }

  #offer(found: readonly Study[]): void {
    const known = new Set([...this.#modality.options].map((option) => option.value));
    for (const name of new Set(found.flatMap((study) => study.modalities))) if (name && !known.has(name)) this.#modality.add(new Option(name, name));
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = (event.target as Element).closest<HTMLTableRowElement>('#studies tbody tr');
    const rows = [...this.#table.tBodies[0]!.rows];
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    const move = moves[event.key];
    if (event.key === 'Enter') {
      const chosen = row ?? (event.target === this.#words ? rows[0] : undefined);
      if (!chosen || this.#table.ariaBusy === 'true') return;
      this.#choose(chosen);
    } else if (row && move !== undefined) {
      const place = rows.indexOf(row) + move;
      if (place < 0) this.#words.focus();
      else rows[Math.min(place, rows.length - 1)]?.focus();
    } else if (event.target === this.#words && event.key === 'ArrowDown') rows[0]?.focus();
    else if (event.key === 'Escape' && this.#words.value) {
      this.#words.value = '';
      this.#words.focus();
      this.#later();
    } else return;
    event.preventDefault();
  }
}
