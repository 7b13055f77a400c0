// Which series hang where: protocols as a hospital writes them, held against the series of a study. Pure.
import type { Listed } from './stacks.ts';

type Words = string | string[];
export interface Choice { modality?: Words; label?: Words; description?: Words; plane?: Words; phase?: Words; sequence?: Words; kernel?: Words }
export interface HungWindow { center: number; width: number }
export interface HangingPane { choose: Choice; window?: string | HungWindow; prior?: boolean; optional?: boolean }
export interface Protocol { name: string; modality: string[]; rows: number; columns: number; panes: HangingPane[] }
export interface Hanging { protocols: Protocol[]; problem: string }

export interface Placed { series: Listed; prior: boolean; window: string | HungWindow | undefined }
export interface Hung { name: string; rows: number; columns: number; placed: Placed[] }

const listed = (words: Words): string[] => (typeof words === 'string' ? [words] : words).map((word) => word.toLowerCase());

// Labels and descriptions are of several words, of which one is enough; all else is one word of a table.
function fits(choice: Choice, series: Listed): boolean {
  const { arranged } = series;
  const said: Record<keyof Choice, string> = {
    modality: series.modality, label: series.label, description: series.description, plane: arranged?.plane ?? '',
    phase: arranged?.phase ?? '', sequence: arranged?.sequence ?? '', kernel: arranged?.kernel ?? '',
  };
  return (Object.keys(choice) as (keyof Choice)[]).every((key) => {
    const value = said[key].toLowerCase();
    return listed(choice[key] ?? []).some((word) => {
      if (key === 'label') return value.split(/[^\p{L}\p{N}]+/u).includes(word);
      if (key === 'description') return value.includes(word);
      return value === word || (key === 'sequence' && value.startsWith(`${word} `)); // "DWI b0 b1000"
    });
  });
}

// Each pane takes the first series that fits and that no other has: they come in familiar order.
function hang(protocol: Protocol, own: readonly Listed[], priors: readonly Listed[]): Hung | undefined {
  if (protocol.modality.length && !own.some((series) => protocol.modality.includes(series.modality))) return undefined;
  const taken = new Set<Listed>();
  const placed: Placed[] = [];
  for (const pane of protocol.panes) {
    const series = (pane.prior ? priors : own).find((one) => !taken.has(one) && one.images > 0 && fits(pane.choose, one));
    if (series) {
      taken.add(series);
      placed.push({ series, prior: pane.prior ?? false, window: pane.window });
    } else if (!pane.optional) return undefined;
  }
  if (placed.length < 2 && protocol.panes.length > 1) return undefined;
  // what an optional pane would have shown is not left black
  const columns = Math.min(protocol.columns, placed.length);
  return { name: protocol.name, rows: Math.ceil(placed.length / columns), columns, placed };
}

/** All protocols that hold for a study, in their order. */
export function hangings(protocols: readonly Protocol[], own: readonly Listed[], priors: readonly Listed[]): Hung[] {
  return protocols.map((one) => hang(one, own, priors)).filter((one) => one !== undefined);
}
