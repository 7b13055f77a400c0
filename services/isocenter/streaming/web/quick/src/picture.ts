// Our slices as the renderer's images: the loader of `slice:` ids, and what its tools ask about them.
import { cache, imageLoader, metaData, utilities } from '@cornerstonejs/core';
import type { Types } from '@cornerstonejs/core';
import { item, text } from './dataset.ts';
import type { Shown } from './orders.ts';
import type { Pixels } from './pixels.ts';
import { SCHEME } from './slice.ts';
import { emptyFor, enlarged } from './values.ts';
import type { Values } from './values.ts';
import type { Slice, Window } from './slice.ts';

const known = new Map<string, Slice>();

export const sliceOf = (key: string): Slice | undefined => known.get(key);

/** Window a slice is first shown with: its own, or one that its values fill. */
export function firstWindow(slice: Slice, shown: Shown): Window {
  if (slice.samples.perPixel > 1 || slice.samples.photometric === 'PALETTE COLOR') return { center: 128, width: 256, label: '' };
  return slice.window ?? { center: (shown.from + shown.to + 1) / 2, width: Math.max(1, shown.to - shown.from + 1), label: '' };
}

/** Whether a slice has colours, and so neither values nor a window worth to be told. */
export const isColoured = ({ samples }: Slice): boolean => samples.perPixel > 1 || samples.photometric === 'PALETTE COLOR';

// Values on the whole picture's grid, whatever is here of it.
function gridded({ samples }: Slice, shown: Shown): Values {
  if (!shown.reductions) return shown.values;
  return enlarged(shown.values, shown.columns, samples.rows, samples.columns, shown.reductions, samples.perPixel);
}

/** The renderer's image of what is here of a slice. */
export function imageOf(slice: Slice, shown: Shown): Types.IImage {
  const { rows, columns } = slice.samples;
  const coloured = isColoured(slice);
  const parts = coloured ? 3 : 1;
  const window = firstWindow(slice, shown);
  const values = gridded(slice, shown);
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    width: columns, height: rows, scalarData: values, numberOfComponents: parts,
  });
  return {
    imageId: slice.key, rows, columns, height: rows, width: columns,
    color: coloured, rgba: false, numberOfComponents: parts,
    columnPixelSpacing: slice.spacing.column, rowPixelSpacing: slice.spacing.row,
    slope: 1, intercept: 0, isPreScaled: true,
    preScale: { enabled: true, scaled: true, scalingParameters: { modality: slice.modality, rescaleSlope: 1, rescaleIntercept: 0 } },
    minPixelValue: shown.low, maxPixelValue: shown.high,
    windowCenter: window.center, windowWidth: window.width, voiLUTFunction: 'LINEAR' as Types.IImage['voiLUTFunction'],
    invert: slice.samples.photometric === 'MONOCHROME1', photometricInterpretation: coloured ? 'RGB' : slice.samples.photometric,
    sizeInBytes: values.byteLength, dataType: values.constructor.name as Types.IImage['dataType'],
    getPixelData: () => voxelManager.getScalarData(), getCanvas: () => document.createElement('canvas'),
    voxelManager: voxelManager as NonNullable<Types.IImage['voxelManager']>,
  };
}

const WHOLE = 'whole';

/** Image id of a slice for a volume: its picture is only given out when every sample is its own. */
export const wholeKey = (slice: Slice): string => `${WHOLE}:${slice.key}`;

const ofWhole = (key: string): Slice | undefined => known.get(key.slice(WHOLE.length + 1));

// What a volume is made of: the values after slope and intercept, of which a volume has one kind.
function valueModule(slice: Slice): object {
  const kind = emptyFor(slice.samples, slice, 0);
  const bits = kind.BYTES_PER_ELEMENT * 8;
  return {
    samplesPerPixel: 1, photometricInterpretation: slice.samples.photometric, rows: slice.samples.rows, columns: slice.samples.columns,
    bitsAllocated: bits, bitsStored: bits, highBit: bits - 1, pixelRepresentation: kind instanceof Int16Array ? 1 : 0,
  };
}

function told(type: string, key: unknown): unknown {
  if (typeof key === 'string' && key.startsWith(`${WHOLE}:`)) {
    const slice = ofWhole(key);
    return slice && type === 'imagePixelModule' ? valueModule(slice) : told(type, slice?.key);
  }
  const slice = typeof key === 'string' ? known.get(key) : undefined;
  if (!slice) return undefined;
  const { plane, spacing, samples } = slice;
  switch (type) {
    case 'imagePlaneModule':
      return {
        frameOfReferenceUID: text(slice.document, '00200052') || slice.series, rows: samples.rows, columns: samples.columns,
        imageOrientationPatient: [...plane.right, ...plane.down], rowCosines: plane.right, columnCosines: plane.down,
        imagePositionPatient: plane.origin, pixelSpacing: [spacing.row, spacing.column], rowPixelSpacing: spacing.row,
        columnPixelSpacing: spacing.column, usingDefaultValues: spacing.unit === 'px',
      };
    case 'imagePixelModule':
      return {
        samplesPerPixel: isColoured(slice) ? 3 : 1, photometricInterpretation: isColoured(slice) ? 'RGB' : samples.photometric,
        rows: samples.rows, columns: samples.columns, bitsAllocated: isColoured(slice) ? 8 : samples.allocated,
        bitsStored: samples.stored, highBit: samples.stored - 1, pixelRepresentation: samples.signed ? 1 : 0,
      };
    case 'generalSeriesModule':
      return { modality: slice.modality, seriesInstanceUID: slice.series, studyInstanceUID: slice.study };
    case 'generalImageModule':
      return { sopInstanceUID: slice.instance, instanceNumber: slice.number };
    case 'sopCommonModule':
      return { sopInstanceUID: slice.instance, sopClassUID: text(slice.document, '00080016') };
    case 'modalityLutModule':
      return { rescaleSlope: 1, rescaleIntercept: 0, rescaleType: valueUnit(slice) };
    default:
      return undefined;
  }
}

/** Unit of a slice's values, empty when it is not said. */
export function valueUnit(slice: Slice): string {
  const said = text(item(slice.document, '00283000'), '00283004') || text(slice.document, '00281054') || text(slice.document, '00541001');
  if (slice.modality === 'RTDOSE') return text(slice.document, '30040002') === 'GY' ? 'Gy' : '';
  if (said) return said === 'US' ? '' : said; // US: unspecified
  return slice.modality === 'CT' && slice.document['00281052'] ? 'HU' : '';
}

export const remember = (slices: readonly Slice[]): void => slices.forEach((slice) => known.set(slice.key, slice));

export function register(pixels: Pixels): void {
  metaData.addProvider(told, 10_000);
  imageLoader.registerImageLoader(SCHEME, (key: string) => {
    const slice = known.get(key);
    const promise = slice ? pixels.get(slice).then((shown) => imageOf(slice, shown)) : Promise.reject(new Error(`no such slice: ${key}`));
    return { promise };
  });
  imageLoader.registerImageLoader(WHOLE, (key: string) => {
    const slice = ofWhole(key);
    const image = async (): Promise<Types.IImage> => {
      if (!slice) throw new Error(`no such slice: ${key}`);
      return { ...imageOf(slice, await pixels.whole(slice)), imageId: key };
    };
    return { promise: image() };
  });
  pixels.onDropped = (key) => { if (cache.getImageLoadObject(key)) cache.removeImageLoadObject(key); };
}
