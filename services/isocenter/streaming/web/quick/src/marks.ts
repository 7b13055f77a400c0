// Key images of the open study: marked, stored, and not lost without a question.
import { KeyImages, keyObject, keysIn } from './key_images.ts';
import { metadataOf, store } from './server.ts';
import type { Slice } from './slice.ts';
import type { Stacks } from './stacks.ts';

export interface MarksTold {
  count: (marked: number) => void; // and not stored yet
  fail: (words: string) => void;
  changed: () => void;
}

export class Marks {
  #keys = new KeyImages();

  constructor(private readonly tell: MarksTold) {
    window.addEventListener('beforeunload', (event) => { if (this.#keys.marked.size) event.preventDefault(); });
  }

  isKey(slice: Slice): boolean { return this.#keys.isKey(slice); }

  /** Whether the study may be left: what is marked and not stored would be gone. */
  mayLeave(): boolean {
    const count = this.#keys.marked.size;
    if (!count) return true;
    return confirm(`${count} key ${count === 1 ? 'image is' : 'images are'} marked and not saved. Leave without saving?`);
  }

  clear(): void {
    this.#keys = new KeyImages();
    this.tell.count(0);
  }

  toggle(slice: Slice): void {
    this.#keys.toggle(slice);
    this.tell.count(this.#keys.marked.size);
    this.tell.changed();
  }

  async save(): Promise<void> {
    const mine = this.#keys;
    try {
      await store(keyObject([...mine.marked.values()], new Date()));
      mine.stored();
    } catch (error) {
      this.tell.fail(`Key images were not stored: ${(error as Error).message}`);
    }
    if (mine === this.#keys) this.tell.count(mine.marked.size);
  }

  /** What was said to be of interest before. */
  async read(stacks: Stacks): Promise<void> {
    const mine = this.#keys;
    const told = await Promise.all(stacks.series.filter((one) => one.modality === 'KO').map((one) => metadataOf(stacks.study.uid, one.uid)));
    mine.saved = new Set([...mine.saved, ...keysIn(told.flat())]);
    this.tell.changed();
  }
}
