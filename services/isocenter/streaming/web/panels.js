// What waits for a person: held instances and things in quarantine, with their reasons.
import { $, cell, element } from './dom.js';

const REASONS = {
  instance_under_other_patient: 'The same image came under another patient.',
  instance_under_other_study: 'The same image came under another study.',
  instance_under_other_series: 'The same image came under another series.',
  study_under_other_patient: 'The same study came under another patient.',
};

function worded(reason) {
  const plain = reason.replaceAll('_', ' ').toLowerCase();
  return REASONS[reason] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}

function row(...cells) {
  const line = element('tr', '');
  line.append(...cells);
  return line;
}

function fill(section, lines) {
  $(section).hidden = lines.length === 0;
  $(section).querySelector('tbody').replaceChildren(...lines);
}

export function showHeld(held) {
  fill('held', held.map((hold) => row(
    cell('Reason', worded(hold.reason), 'reason'),
    cell('Image', hold.sop_instance_uid, 'uid'),
    cell('Came in study', hold.study_instance_uid, 'uid'),
    cell('Stands in study', hold.standing_study_instance_uid, 'uid'),
    cell('Decide with', `isocenter held show ${hold.hold_id}`, 'uid'),
  )));
}

export function showQuarantine(kept) {
  fill('quarantine', kept.map((thing) => row(
    cell('Reason', worded(thing.reason), 'reason'),
    cell('What was found', thing.message),
    cell('From', thing.sender),
    cell('Size', `${Math.ceil(thing.size_bytes / 1024)} KB`, 'number'),
    cell('Times', String(thing.repeats), 'number'),
    cell('Look at it with', `isocenter quarantine show ${thing.digest}`, 'uid'),
  )));
}
