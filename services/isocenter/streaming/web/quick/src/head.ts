// The line on top of a study: whose and what it is, the header and the findings of the image one rests at.
import { find, make } from './dom.ts';
import { findingsOf } from './server.ts';
import type { Finding, Study } from './server.ts';
import type { Slice } from './slice.ts';

const RESTING_MS = 300;

export class Head {
  #looking: ReturnType<typeof setTimeout> | undefined;
  #slice: Slice | undefined;

  introduce(study: Study): void {
    find('who').replaceChildren(make('b', '', study.name || 'no name'), make('span', '', [study.id, study.born && `* ${study.born}`, study.sex].filter(Boolean).join(' · ')));
    find('what').replaceChildren(make('span', '', [study.date, study.time].join(' ').trim()), make('span', '', study.description));
    find<HTMLAnchorElement>('full-link').href = `/viewer/viewer?StudyInstanceUIDs=${encodeURIComponent(study.uid)}`;
    document.title = 'Study · Quick viewer · Isocenter'; // no patient in the browser's history
  }

  /** Links to the header of an image, and asks for its findings once one rests there. */
  look(slice: Slice | undefined): void {
    if (!slice || slice === this.#slice) return;
    this.#slice = slice;
    clearTimeout(this.#looking);
    const address = `/header?${new URLSearchParams({ study: slice.study, series: slice.series, instance: slice.instance })}`;
    find<HTMLAnchorElement>('header-link').href = address;
    this.#looking = setTimeout(() => {
      findingsOf(slice.study, slice.series, slice.instance).then((found) => {
        if (slice === this.#slice) this.#tell(found, address);
      }, () => {}); // the picture is there all the same
    }, RESTING_MS);
  }

  #tell(found: readonly Finding[], address: string): void {
    const line = find<HTMLAnchorElement>('findings');
    line.hidden = !found.length;
    line.href = address;
    line.textContent = `⚠ ${found.length} ${found.length === 1 ? 'finding' : 'findings'}`;
    line.title = found.map((one) => `${one.code.replaceAll('_', ' ')}: ${one.message}`).join('\n');
  }
}
