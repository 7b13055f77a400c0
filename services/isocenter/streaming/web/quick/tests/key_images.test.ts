import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSet } from '../src/dataset.ts';
import { KeyImages, keyObject, keysIn } from '../src/key_images.ts';
import { newUid, part10, said, sequence } from '../src/part10.ts';
import { slicesOf } from '../src/slice.ts';

const value = (...Value: unknown[]): { Value: unknown[] } => ({ Value });
const PICTURE: DataSet = {
  '00080016': value('1.2.840.10008.5.1.4.1.1.2'), '00080018': value('1.2.3.4'), '0020000D': value('1.2'), '0020000E': value('1.2.3'),
  '00100010': value({ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎' }), '00100020': value('ID'), '00280010': value(2), '00280011': value(2), '00280008': value(2),
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('a file has its preamble, its group of meta elements with the right length, and elements in order', () => {
  const file = part10({ '00100010': said('PN', 'Abc'), '00080018': said('UI', '1.2.3'), '00080016': said('UI', '1.2'), '0040A730': sequence({ '0040A040': said('CS', 'IMAGE') }) });
  assert.equal(text(file.slice(128, 132)), 'DICM');
  const view = new DataView(file.buffer);
  const end = 144 + view.getUint32(140, true);
  assert.deepEqual([view.getUint16(end, true), view.getUint16(end + 2, true)], [0x0008, 0x0016]);
  assert.equal(file.length % 2, 0);
  assert.deepEqual([...file.slice(-14)], [0x40, 0, 0x40, 0xa0, 0x43, 0x53, 6, 0, ...new TextEncoder().encode('IMAGE ')]);
});

test('UIDs are new and valid', () => {
  const uids = Array.from({ length: 50 }, newUid);
  assert.equal(new Set(uids).size, 50);
  for (const uid of uids) assert.match(uid, /^2\.25\.[1-9]\d{30,38}$/);
});

test('a document names patient, study and images', () => {
  const [, second] = slicesOf(PICTURE);
  const file = text(keyObject([second!], new Date(2026, 10, 30, 9, 5, 7)));
  for (const words of ['Yamada^Tarou=山田^太郎', '20261130', '090507', '1.2.3.4', 'Of Interest']) assert.ok(file.includes(words), words);
  assert.throws(() => keyObject([], new Date()));
});

test('marks can be taken back until they are stored', () => {
  const keys = new KeyImages();
  const [first, second] = slicesOf(PICTURE);
  keys.toggle(first!);
  keys.toggle(second!);
  keys.toggle(second!);
  assert.deepEqual([keys.isKey(first!), keys.isKey(second!)], [true, false]);
  keys.stored();
  keys.toggle(first!);
  assert.deepEqual([keys.isKey(first!), keys.marked.size], [true, 0]);
});

test('stored documents are read again', () => {
  const content = (instance: string, frame?: number): DataSet => ({ '0040A040': value('IMAGE'), '00081199': value({ '00081155': value(instance), ...(frame ? { '00081160': value(frame) } : {}) }) });
  const found = keysIn([{ '0040A730': value(content('1.2.3'), content('1.2.4', 2), { '0040A040': value('TEXT') }) }]);
  assert.deepEqual([...found], ['1.2.3:0', '1.2.4:2']);
});
