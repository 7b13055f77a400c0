// Pictures that go together, by position.
import { nearest } from './order.ts';
import type { Pane } from './pane.ts';

export class Link {
  #on = true;
  readonly #offsets = new Map<Pane, number>(); // slices between a pane and the active one, where they are linked by hand

  get on(): boolean { return this.#on; }

  forget(): void { this.#offsets.clear(); }

  leave(pane: Pane): void { this.#offsets.delete(pane); }

  /** Parallel pictures follow the one that was moved. */
  follow(moved: Pane, panes: readonly Pane[]): void {
    for (const other of this.#on ? panes : []) {
      const place = other !== moved && moved.slice && other.stack ? nearest(other.stack.slices, moved.slice) : undefined;
      if (place !== undefined) other.jump(place + (this.#offsets.get(other) ?? 0) - (this.#offsets.get(moved) ?? 0));
    }
  }

  /** Linking anew keeps the distances there are now: that is how patients who lie otherwise are brought together. */
  toggle(active: Pane | undefined, panes: readonly Pane[]): void {
    this.#on = !this.#on;
    this.#offsets.clear();
    for (const other of this.#on ? panes : []) {
      const place = active?.slice && other.stack ? nearest(other.stack.slices, active.slice) : undefined;
      if (place !== undefined && other !== active) this.#offsets.set(other, other.index - place);
    }
  }
}
