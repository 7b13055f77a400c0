// The keys of the study view; what they do is given.
import { make } from './dom.ts';
import type { Holdable } from './stage.ts';

export interface Commands {
  step: (by: number) => void;
  end: (last: boolean) => void;
  series: (by: number) => void;
  hold: (tool: Holdable) => void;
  preset: (key: number) => void;
  act: Record<string, () => void>;
}

const HELD: Record<string, Holdable> = {
  s: 'StackScroll', w: 'WindowLevel', z: 'Zoom', p: 'Pan', l: 'Length', a: 'Angle', e: 'EllipticalROI', r: 'RectangleROI',
};
const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
const SERIES: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ']': 1, '[': -1 };
const ACTS: Record<string, string> = {
  ' ': 'cine', i: 'invert', t: 'turn', m: 'mirror', v: 'flip', x: 'reset', Delete: 'remove', Backspace: 'remove',
  Escape: 'back', k: 'link', '?': 'help', c: 'compare', Tab: 'other', h: 'header', g: 'hang', o: 'planes', y: 'key',
};

/** Does what a key stands for; whether it stands for anything. */
export function onKey(event: KeyboardEvent, commands: Commands): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const [held, step, series, act] = [HELD[key], STEPS[key], SERIES[key], ACTS[key]];
  if (held) commands.hold(held);
  else if (step) commands.step(step);
  else if (series) commands.series(series);
  else if (key === 'Home' || key === 'End') commands.end(key === 'End');
  else if (/^\d$/.test(key)) commands.preset(Number(key));
  else if (act && commands.act[act]) commands.act[act]();
  else return false;
  return true;
}

const HELP: [string, string][] = [
  ['Wheel, ↑ ↓', 'next slice'], ['Page ↑ ↓', 'ten slices'], ['Home, End', 'first, last slice'], ['← →', 'series before, behind'],
  ['Left drag', 'the chosen tool'], ['Right drag', 'zoom'], ['Middle drag', 'pan'],
  ['S W Z P', 'scroll, window, zoom, pan'], ['L A E R', 'length, angle, ellipse, rectangle'], ['Delete', 'remove a measurement'],
  ['1 … 9, 0', 'windows, the image’s own'], ['I', 'invert'], ['T', 'turn by 90°'], ['M V', 'mirror left–right, top–bottom'], ['X', 'reset'],
  ['Space', 'cine'], ['C', 'compare with the newest prior'], ['G', 'next layout'], ['O', 'three planes'], ['Y', 'mark a key image'], ['Tab', 'next picture'], ['K', 'link pictures by position'], ['H', 'header of this image'], ['Esc', 'one picture, back to the worklist'],
];

/** Fills the dialog that lists the keys. */
export function listKeys(dialog: HTMLDialogElement): void {
  const lines = HELP.map(([keys, what]) => make('div', '', make('kbd', '', keys), make('span', '', what)));
  const close = make('form', '', make('button', '', 'Close'));
  close.method = 'dialog';
  dialog.replaceChildren(make('h2', '', 'Keys'), make('div', 'keys', ...lines), close);
}
