// The one view of a study that a page has: made when it is needed first, and kept.
import type { Study } from './server.ts';
import { StudyView } from './study_view.ts';

let view: StudyView | undefined;

declare global {
  // What a person at the console, or a test, looks at.
  var quick: StudyView | undefined;
}

function ready(): StudyView {
  view ??= new StudyView();
  globalThis.quick = view;
  return view;
}

export function open(study: string, go: (study: string) => void, known?: Study): Promise<void> {
  ready().go = go;
  return ready().open(study, known);
}

let warming: Promise<void> | undefined;

/** Once, and without a word when it fails: what is wrong with the renderer is told when a study is opened. */
export const warm = (): Promise<void> => (warming ??= (async () => ready().warm())().catch(() => {}));

export const mayOpen = (study: string): boolean => view?.mayOpen(study) ?? true;

export function close(): void { view?.close(); }
