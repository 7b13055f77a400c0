// What the page and its workers say to each other.
import type { Samples } from './slice.ts';
import type { Scale, Values } from './values.ts';

export interface SliceOrder extends Scale { key: string; samples: Samples }

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

export type Order = FrameOrder | StreamOrder | { kind: 'stop'; id: number } | { kind: 'warm' };

export interface Shown {
  key: string;
  values: Values;
  reductions: number; // 0: every sample is the image's own
  low: number;
  high: number;
  from: number;
  to: number;
}

export type Answer =
  | { id: number; kind: 'frame' | 'streamed'; shown: Shown }
  | { id: number; kind: 'no-stream'; status: number }
  | { id: number; kind: 'stream-ended' }
  | { id: number; kind: 'failed'; message: string; stopped: boolean };
