// The page at /: search as one types, keys, what arrives, what waits for a person, a platform that goes away.
import { report } from './browser.mjs';

const rows = (page) => page.evaluate(() => [...document.querySelectorAll('#worklist tbody tr')]
  .map((line) => line.querySelector('.name').innerText.replace(/\s+/g, ' ')));

async function search(page, words) {
  await page.locator('#q').fill('');
  await page.locator('#q').pressSequentially(words, { delay: 15 });
  await page.locator('#worklist[aria-busy=false]').waitFor({ state: 'attached' });
  return (await page.locator('#worklist').isVisible()) ? rows(page) : [];
}

const [words, study] = [process.argv[4].split('|'), process.argv[5]];
await report(async ({ page, base, folder }) => {
  await page.goto(base);
  await page.locator('#worklist tbody tr').first().waitFor();
  const all = await rows(page);
  const state = await page.locator('#state').innerText();
  const about = await page.locator('footer').innerText();
  await page.screenshot({ path: `${folder}/worklist.png`, fullPage: true });

  const found = {};
  for (const word of words) found[word] = await search(page, word);
  const none = await search(page, 'nobody at all');
  const hint = await page.locator('#nothing').innerText();
  await page.locator('#q').fill('');
  await page.waitForFunction((count) => document.querySelectorAll('#worklist tbody tr').length === count, all.length);

  await fetch(`${base}/api/import`, { method: 'POST', headers: { 'Content-Type': 'application/dicom' }, body: Buffer.from(study, 'base64') });
  await page.getByText('Newly Arrived').waitFor({ timeout: 15_000 });
  const marked = await page.locator('tr.new').count();

  await page.locator('#worklist tbody tr').first().focus();
  await page.keyboard.press('/');
  const searching = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  const chosen = await page.evaluate(() => document.activeElement.dataset.uid);
  const held = await page.locator('#held').innerText();
  const quarantine = await page.locator('#quarantine').innerText();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/viewer/viewer?StudyInstanceUIDs=*');
  return { all, state, about, found, none, hint, marked, searching, chosen, held, quarantine, url: page.url() };
});
