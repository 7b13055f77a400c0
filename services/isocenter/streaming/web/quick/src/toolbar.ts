// The row of tools: what the first button or finger does, windows, and what is done at once.
import { button, make } from './dom.ts';
import type { Window } from './slice.ts';
import type { Holdable } from './stage.ts';

const TOOLS: [Holdable, string, string][] = [
  ['StackScroll', 'Scroll', 'S'], ['WindowLevel', 'Window', 'W'], ['Zoom', 'Zoom', 'Z'], ['Pan', 'Pan', 'P'],
  ['Length', 'Length', 'L'], ['Angle', 'Angle', 'A'], ['EllipticalROI', 'Ellipse', 'E'], ['RectangleROI', 'Rectangle', 'R'],
];

export interface ToolbarActs {
  hold: (tool: Holdable) => void;
  preset: (key: number) => void;
  hang: (place: number) => void;
  act: Record<'cine' | 'invert' | 'turn' | 'mirror' | 'reset' | 'remove' | 'single' | 'link' | 'help' | 'planes' | 'key' | 'save', () => void>;
}

export class Toolbar {
  readonly #tools = new Map<Holdable, HTMLButtonElement>();
  readonly #windows = make('select');
  readonly #layouts = make('select');
  readonly #cine: HTMLButtonElement;
  readonly #comparing: HTMLButtonElement[];
  readonly #save: HTMLButtonElement;
  #offered = '';

  constructor(host: HTMLElement, acts: ToolbarActs) {
    for (const [tool, label, key] of TOOLS) this.#tools.set(tool, this.#button(label, key, () => acts.hold(tool)));
    chooser(this.#windows, 'Windows', acts.preset);
    chooser(this.#layouts, 'Layouts', acts.hang);
    this.#cine = this.#button('Cine', 'Space', acts.act.cine);
    const link = this.#button('Link', 'K', acts.act.link);
    const single = this.#button('One', 'Esc', acts.act.single);
    this.#comparing = [link, single];
    this.#save = this.#button('Save key images', '', acts.act.save);
    this.#save.hidden = true;
    host.replaceChildren(
      make('div', 'group', ...this.#tools.values()),
      make('div', 'group', this.#windows, this.#button('Invert', 'I', acts.act.invert), this.#button('Turn', 'T', acts.act.turn), this.#button('Mirror', 'M', acts.act.mirror)),
      make('div', 'group', this.#cine, this.#button('Reset', 'X', acts.act.reset), this.#button('Remove', 'Del', acts.act.remove), this.#button('Key', 'Y', acts.act.key), this.#save),
      make('div', 'group', this.#layouts, this.#button('Planes', 'O', acts.act.planes), link, single, this.#button('Keys', '?', acts.act.help)),
    );
    this.comparing(false, false);
  }

  held(tool: Holdable): void {
    for (const [name, one] of this.#tools) {
      one.classList.toggle('held', name === tool);
      one.ariaPressed = String(name === tool);
    }
  }

  playing(yes: boolean): void { this.#cine.classList.toggle('held', yes); }

  /** How many images are marked and not stored yet. */
  marked(count: number): void {
    this.#save.hidden = !count;
    this.#save.firstElementChild!.textContent = `Save ${count} key ${count === 1 ? 'image' : 'images'}`;
  }

  comparing(yes: boolean, linked: boolean): void {
    for (const one of this.#comparing) one.hidden = !yes;
    this.#comparing[0]!.classList.toggle('held', linked);
  }

  /** Windows that can be chosen now. */
  windows(presets: readonly Window[]): void {
    const offered = presets.map((one) => one.label).join();
    if (offered === this.#offered) return;
    this.#offered = offered;
    offer(this.#windows, 'Windows', ['0 · Image’s own', ...presets.map((one, place) => `${place + 1} · ${one.label}`)]);
    this.#windows.disabled = !presets.length;
  }

  /** Layouts that hold for the study; the first one is one picture. A `problem` with the hospital's own is told. */
  layouts(names: readonly string[], problem: string): void {
    offer(this.#layouts, problem ? 'Layouts ⚠' : 'Layouts', ['One picture', ...names]);
    this.#layouts.hidden = !names.length && !problem;
    this.#layouts.title = problem;
  }

  #button(label: string, key: string, act: () => void): HTMLButtonElement {
    const made = button('', '', () => {
      act();
      made.blur(); // else the space key would press it again
    });
    made.append(make('span', '', label), ...(key ? [make('kbd', '', key)] : []));
    made.title = key ? `${label} (${key})` : label;
    return made;
  }
}

function chooser(select: HTMLSelectElement, label: string, act: (place: number) => void): void {
  select.ariaLabel = label;
  select.addEventListener('change', () => {
    act(Number(select.value));
    select.value = '';
    select.blur(); // the keys are the picture's
  });
}

function offer(select: HTMLSelectElement, title: string, words: readonly string[]): void {
  const first = new Option(title, '');
  first.hidden = true;
  select.replaceChildren(first, ...words.map((word, place) => new Option(word, String(place))));
}
