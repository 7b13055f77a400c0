// Windows by modality, on the number keys; 0 is the image's own.
import type { Window } from './slice.ts';

const CT: Window[] = [
  { label: 'Abdomen', center: 50, width: 400 },
  { label: 'Lung', center: -600, width: 1500 },
  { label: 'Bone', center: 450, width: 1800 },
  { label: 'Brain', center: 40, width: 80 },
  { label: 'Liver', center: 90, width: 150 },
  { label: 'Mediastinum', center: 50, width: 350 },
  { label: 'Angio', center: 300, width: 600 },
  { label: 'Subdural', center: 75, width: 215 },
  { label: 'Spine', center: 60, width: 300 },
];
/** Presets of a modality: fixed ones where every image has the same scale, else parts of the image's own window. */
export function presetsOf(modality: string, own: Window): Window[] {
  if (modality === 'CT') return CT;
  return [
    { ...own, label: 'Own' },
    { ...own, label: 'Softer', width: own.width * 1.5 },
    { ...own, label: 'Harder', width: own.width * 0.6 },
    { ...own, label: 'Brighter', center: own.center - own.width * 0.2 },
    { ...own, label: 'Darker', center: own.center + own.width * 0.2 },
  ];
}
