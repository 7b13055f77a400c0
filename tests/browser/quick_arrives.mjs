// A study that arrives while the list is open appears in it, and the row one is at stays the one one is at.
import { report } from './browser.mjs';

await report(async ({ page, base, rest: [study] }) => {
  await page.goto(`${base}/quick/`);
  await page.locator('#studies tbody tr').nth(1).waitFor();
  await page.locator('#words').press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const at = () => page.evaluate(() => document.activeElement.dataset?.uid);
  const before = await at();
  await fetch(`${base}/api/import`, { method: 'POST', headers: { 'Content-Type': 'application/dicom' }, body: Buffer.from(study, 'base64') });
  await page.getByText('Just Arrived').waitFor({ timeout: 20_000 });
  return { before, after: await at() };
});
