// Standardised uptake values of PET (PS3.3 C.8.9.1, C.8.9.2): what they are times of the values, or why they are not known. Pure.
import { item, number, text } from './dataset.ts';
import type { DataSet } from './dataset.ts';

export interface Suv { factor: number; said: string }

const DAY_S = 86_400;
const GIVEN: Record<string, string> = { BW: 'SUVbw', LBM: 'SUVlbm', BSA: 'SUVbsa' };

// Seconds since some day; undefined for what is no time.
function seconds(date: string, time: string): number | undefined {
  const [, year, month, day] = /^(\d{4})\.?(\d{2})\.?(\d{2})/.exec(date) ?? [];
  const [, hours, minutes = '0', rest = '0'] = /^(\d{2}):?(\d{2})?:?(\d{2}(?:\.\d+)?)?/.exec(time) ?? [];
  if (!year || !hours) return undefined;
  return Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000 + Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

// When the dose was given. A time of day alone is that of the scan's day, or of the day before when the scan was over midnight.
function givenAt(dose: DataSet | undefined, ds: DataSet, scanned: number): number | undefined {
  const whole = text(dose, '00181078');
  const [, stamp = '', zone] = /^(\d{14}(?:\.\d+)?)([+-]\d{4})?$/.exec(whole) ?? [];
  if (stamp) return zone && zone !== text(ds, '00080201') ? undefined : seconds(stamp.slice(0, 8), stamp.slice(8));
  const sameDay = seconds(text(ds, '00080021'), text(dose, '00181072'));
  return sameDay !== undefined && sameDay > scanned ? sameDay - DAY_S : sameDay;
}

/** Of a PET image; a sentence where it cannot be known, and undefined for other images. */
export function suvOf(ds: DataSet): Suv | string | undefined {
  if (text(ds, '00080060') !== 'PT') return undefined;
  const units = text(ds, '00541001');
  if (units === 'GML') return { factor: 1, said: GIVEN[text(ds, '00541006') || 'BW'] ?? 'SUV' };
  if (units !== 'BQML') return 'No SUV: the values are not activities';
  const dose = item(ds, '00540016');
  const [weight, activity, halfLife] = [number(ds, '00101030'), number(dose, '00181074'), number(dose, '00181075')];
  if (!weight || weight <= 0) return 'No SUV: the patient’s weight is not said';
  if (!activity || activity <= 0 || !halfLife || halfLife <= 0) return 'No SUV: dose or half-life is not said';
  const decay = text(ds, '00541102');
  if (decay === 'ADMIN') return { factor: (weight * 1000) / activity, said: 'SUVbw' };
  if (decay !== 'START') return 'No SUV: the values are not corrected for decay';
  const scanned = seconds(text(ds, '00080021'), text(ds, '00080031'));
  const acquired = seconds(text(ds, '00080022'), text(ds, '00080032'));
  // a series that was made later has the time at which it was made
  if (scanned === undefined || (acquired !== undefined && scanned > acquired)) return 'No SUV: when the scan began is not said';
  const given = givenAt(dose, ds, scanned);
  if (given === undefined || given > scanned || scanned - given > DAY_S) return 'No SUV: when the dose was given is not said';
  return { factor: (weight * 1000) / (activity * 2 ** (-(scanned - given) / halfLife)), said: 'SUVbw' };
}
