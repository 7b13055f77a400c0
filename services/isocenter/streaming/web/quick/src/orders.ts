// What the page and its workers say to each other.
import type { Documents } from './series_stream.ts';
import type { Samples, Slice } from './slice.ts';
import type { Scale, Values } from './values.ts';

export interface SliceOrder extends Scale { key: string; samples: Samples }

export function sliceOrder({ key, samples, slope, intercept, lut }: Slice): SliceOrder {
  return { key, samples, slope, intercept, lut };
}

export interface FrameOrder extends SliceOrder {
  kind: 'frame';
  id: number;
  address: string;
  rendered: boolean; // as the server renders it: palettes and colours that are not red, green and blue
  planar: boolean;
}

export interface StreamOrder {
  kind: 'stream';
  id: number;
  series: string;
  address: string;
  focus: number; // frame in the stream's own order
  slices: Record<string, SliceOrder>; // by `instance:frame`
}

/** The series of a study that is read first, with what is told of its images. */
export interface OpenOrder { kind: 'open'; id: number; address: string }

export type Order = FrameOrder | StreamOrder | OpenOrder | { kind: 'stop'; id: number } | { kind: 'warm' };

export interface Shown {
  key: string;
  values: Values;
  columns: number; // of these values: of a reduced picture they are its own, see `enlarged`
  reductions: number; // 0: every sample is the image's own
  low: number;
  high: number;
  from: number;
  to: number;
}

export interface DocumentsAnswer extends Documents {
  kind: 'documents';
  id: number;
  series: string;
  every: boolean; // else those of the first pictures
  key: string; // what is looked at
  from: number; // frames of the series before these
  count: number; // frames of the series
}

export type Answer =
  | DocumentsAnswer
  | { id: number; kind: 'frame' | 'streamed'; shown: Shown }
  | { id: number; kind: 'no-stream'; status: number }
  | { id: number; kind: 'stream-ended' }
  | { id: number; kind: 'failed'; message: string; stopped: boolean };
