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
  act: Record<'cine' | 'invert' | 'turn' | 'mirror' | 'reset' | 'remove' | 'single' | 'link' | 'help', () => void>;
}

export class Toolbar {
  readonly #tools = new Map<Holdable, HTMLButtonElement>();
  readonly #windows = make('select');
  readonly #cine: HTMLButtonElement;
  readonly #comparing: HTMLButtonElement[];
  #offered = '';

  constructor(host: HTMLElement, acts: ToolbarActs) {
    for (const [tool, label, key] of TOOLS) this.#tools.set(tool, this.#button(label, key, () => acts.hold(tool)));
    this.#windows.ariaLabel = 'Window';
    this.#windows.addEventListener('change', () => {
      acts.preset(Number(this.#windows.value));
      this.#windows.value = '';
      this.#windows.blur();
    });
    this.#cine = this.#button('Cine', 'Space', acts.act.cine);
    const link = this.#button('Link', 'K', acts.act.link);
    const single = this.#button('Close prior', 'Esc', acts.act.single);
    this.#comparing = [link, single];
    host.replaceChildren(
      make('div', 'group', ...this.#tools.values()),
      make('div', 'group', this.#windows, this.#button('Invert', 'I', acts.act.invert), this.#button('Turn', 'T', acts.act.turn), this.#button('Mirror', 'M', acts.act.mirror)),
      make('div', 'group', this.#cine, this.#button('Reset', 'X', acts.act.reset), this.#button('Remove', 'Del', acts.act.remove)),
      make('div', 'group', link, single, this.#button('Keys', '?', acts.act.help)),
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

  comparing(yes: boolean, linked: boolean): void {
    for (const one of this.#comparing) one.hidden = !yes;
    this.#comparing[0]!.classList.toggle('held', linked);
  }

  /** Windows that can be chosen now. */
  windows(presets: readonly Window[]): void {
    const offered = presets.map((one) => one.label).join();
    if (offered === this.#offered) return;
    this.#offered = offered;
    const title = new Option('Windows', '');
    title.hidden = true;
    this.#windows.replaceChildren(title, new Option('0 · Image’s own', '0'), ...presets.map((one, place) => new Option(`${place + 1} · ${one.label}`, String(place + 1))));
    this.#windows.disabled = !presets.length;
  }

  #button(label: string, key: string, act: () => void): HTMLButtonElement {
    const made = button('', '', () => {
      act();
      made.blur(); // else the space key would press it again
    });
    made.append(make('span', '', label), make('kbd', '', key));
    made.title = `${label} (${key})`;
    return made;
  }
}
