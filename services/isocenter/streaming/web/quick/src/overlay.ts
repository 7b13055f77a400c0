// What is written over a picture: which slice, which window, how the patient lies, what is to be warned of.
import { texts, number } from './dataset.ts';
import type { Vector } from './dataset.ts';
import { make } from './dom.ts';
import { lettersByRowAndColumn, lettersOf, opposite } from './letters.ts';
import type { Stack } from './pane.ts';
import { depthOf } from './slice.ts';
import type { Slice } from './slice.ts';

export interface Facts {
  stack: Stack;
  slice: Slice;
  index: number;
  playing: boolean;
  key: boolean; // said to be of interest
  window: { center: number; width: number } | undefined;
  preview: boolean;
  zoom: number | undefined;
  problem: string; // empty for none
}

const EDGES = ['left', 'right', 'top', 'bottom'] as const;

export class Overlay {
  readonly #top = make('div', 'corner top-left');
  readonly #about = make('div', 'corner top-right');
  readonly #bottom = make('div', 'corner bottom-left');
  readonly #scale = make('div', 'corner bottom-right');
  readonly #edges = EDGES.map((edge) => make('div', `letter at-${edge}`));
  readonly #warnings = make('ul', 'warnings');
  readonly #message = make('div', 'message');
  readonly #bar = make('div', 'place');

  constructor(private readonly host: HTMLElement) {
    this.#bar.append(make('i'));
    host.append(this.#top, this.#about, this.#bottom, this.#scale, ...this.#edges, this.#warnings, this.#message, this.#bar);
  }

  write({ stack, slice, index, playing, key, window, preview, zoom, problem }: Facts): void {
    const { from, count } = stack.part ?? { from: 0, count: stack.slices.length };
    lines(this.#top, [stack.label, stackLine(stack, slice), ...frameLine(slice)]);
    lines(this.#about, [stack.about]);
    lines(this.#bottom, [
      `${from + index + 1}/${count}${key ? ' ★' : ''}${playing ? ' ▶' : ''}`,
      slice.plane.patient && slice.modality !== 'US' ? `${depthOf(slice).toFixed(1)} mm${thickness(slice)}` : '',
      window ? `W ${rounded(window.width)} L ${rounded(window.center)}` : '',
    ]);
    lines(this.#scale, [
      preview ? 'preview …' : '',
      lossy(slice),
      slice.spacing.unit === 'mm' ? `${slice.spacing.column.toPrecision(3)} ${slice.spacing.said} a pixel` : 'no scale',
      zoom ? `×${zoom.toFixed(zoom < 10 ? 1 : 0)}` : '',
    ]);
    const warned = [...new Set([...slice.warnings, ...stack.warnings, ...(problem ? [problem] : [])])];
    this.#warnings.replaceChildren(...warned.map((one) => make('li', '', one)));
    const mark = this.#bar.firstElementChild as HTMLElement;
    this.#bar.hidden = count < 2;
    mark.style.height = `${Math.max(100 / count, 3)}%`;
    mark.style.top = `${((from + index) / Math.max(1, count - 1)) * (100 - Math.max(100 / count, 3))}%`;
  }

  letters(slice: Slice, { right, down }: { right?: Vector; down?: Vector }): void {
    const said = (way: Vector | undefined): string => {
      if (!way) return '';
      if (slice.plane.patient) return lettersOf(way);
      const [row = '', column = ''] = texts(slice.document, '00200020');
      return lettersByRowAndColumn(way, row, column);
    };
    const [toRight, toBottom] = [said(right), said(down)];
    const words = [opposite(toRight), toRight, opposite(toBottom), toBottom];
    this.#edges.forEach((edge, place) => { edge.textContent = words[place] ?? ''; });
  }

  busy(yes: boolean): void {
    this.#message.className = yes ? 'message busy' : 'message';
    if (yes) this.#message.textContent = 'Loading …';
    else if (this.#message.textContent === 'Loading …') this.#message.textContent = '';
  }

  /** Says why there is no picture; what was drawn before is another image's, and hidden. */
  failed(why: string): void {
    this.#message.textContent = why && `This image cannot be shown: ${why}`;
    this.host.classList.toggle('failed', Boolean(why));
  }

  /** Nothing is written any more. */
  clear(): void {
    for (const one of [this.#top, this.#about, this.#bottom, this.#scale, this.#warnings, this.#message, ...this.#edges]) one.replaceChildren();
    this.#bar.hidden = true;
  }

  /** Whether what is drawn is not yet what the words are about. */
  behind(yes: boolean): void { this.host.classList.toggle('behind', yes); }
}

const rounded = (value: number): string => (Math.abs(value) < 10 && !Number.isInteger(value) ? value.toPrecision(3) : String(Math.round(value)));

function thickness(slice: Slice): string {
  const thick = number(slice.document, '00180050');
  return thick === undefined ? '' : ` · ${thick.toFixed(1)} thick`;
}

function stackLine({ stacks }: Stack, slice: Slice): string {
  const mine = stacks.get(slice.key);
  return mine === undefined ? '' : `Stack ${mine} of ${Math.max(...stacks.values())}`;
}

// That a picture has lost something on its way has to be seen (PS3.3 C.7.6.1.1.5).
function lossy({ document }: Slice): string {
  if (texts(document, '00282110')[0] !== '01') return '';
  const ratio = number(document, '00282112');
  return ratio === undefined ? 'lossy' : `lossy ${ratio.toFixed(0)}:1`;
}

const frameLine = (slice: Slice): string[] => (slice.frames > 1 ? [`Image ${slice.number ?? '–'}, frame ${slice.frame} of ${slice.frames}`] : []);

// Only what has changed is set: this runs with every picture.
function lines(corner: HTMLElement, said: string[]): void {
  const kept = said.filter(Boolean);
  const before = [...corner.children].map((one) => one.textContent);
  if (before.length === kept.length && kept.every((one, place) => one === before[place])) return;
  corner.replaceChildren(...kept.map((one) => make('div', '', one)));
}
