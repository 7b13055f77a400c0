// Series made ready to be shown: metadata, slices, their order and labels. Each is fetched once.
import { arrangedBy, ordered, stacksOf } from './order.ts';
import type { Arranged } from './order.ts';
import type { Stack } from './pane.ts';
import { arrangementOf, metadataOf, seriesOf } from './server.ts';
import type { Series, Study } from './server.ts';
import { slicesOfAll } from './slice.ts';
import type { Slice } from './slice.ts';

export interface Listed extends Series { label: string; details: string; arranged: Arranged | undefined }

function labelOf(series: Series, arranged: Arranged | undefined): string {
  if (arranged?.label) return arranged.label;
  return series.description || [series.modality, series.number === undefined ? 'series' : `series ${series.number}`].join(' ');
}

export class Stacks {
  readonly #stacks = new Map<string, Promise<Stack>>();

  /** `begun`: slices of one of the series, when they are here already. */
  constructor(readonly study: Study, readonly series: readonly Listed[], private readonly begun: readonly Slice[] = []) {}

  static async of(study: Study, begun?: readonly Slice[]): Promise<Stacks> {
    const [series, arranged] = await Promise.all([seriesOf(study.uid), arrangementOf(study.uid)]);
    const places = new Map([...arranged.keys()].map((uid, place) => [uid, place]));
    const place = (one: Series): number => places.get(one.uid) ?? Infinity;
    const listed = series.map((one) => {
      const found = arranged.get(one.uid);
      const details = [one.number, found?.label ? one.description : one.modality].filter((word) => word !== undefined && word !== '').join(' · ');
      return { ...one, label: labelOf(one, found), details, arranged: found };
    });
    return new Stacks(study, listed.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0)), begun);
  }

  /** The slices of a series; of one without images none. */
  stack(uid: string): Promise<Stack> {
    const kept = this.#stacks.get(uid);
    if (kept) return kept;
    const made = this.#make(uid);
    this.#stacks.set(uid, made);
    made.catch(() => this.#stacks.delete(uid)); // the next one asks again
    return made;
  }

  async #make(uid: string): Promise<Stack> {
    const listed = this.series.find((one) => one.uid === uid);
    const slices = this.begun[0]?.series === uid ? this.begun : slicesOfAll(await metadataOf(this.study.uid, uid));
    const { slices: sorted, warnings } = listed?.arranged ? arrangedBy(slices, listed.arranged) : ordered(slices);
    return {
      study: this.study.uid, series: uid, label: listed?.label ?? '', slices: sorted, warnings, stacks: stacksOf(sorted, listed?.arranged),
      about: [this.study.date, this.study.description].filter(Boolean).join(' · '),
    };
  }

  /** The series most like another one: what a prior is compared by. */
  like(other: Listed | undefined): Listed | undefined {
    const shown = this.series.filter((one) => one.images > 0);
    if (!other) return shown[0];
    const score = (one: Listed): number => Number(one.modality === other.modality) * 4 + Number(one.label === other.label) * 2
      + Number(Boolean(one.arranged?.plane) && one.arranged?.plane === other.arranged?.plane) + Number(one.description === other.description);
    return [...shown].sort((a, b) => score(b) - score(a) || b.images - a.images)[0];
  }
}
