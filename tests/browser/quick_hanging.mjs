// A study of three phases hangs by itself; what one scrolls, turns to alone and hangs again.
import { report } from './browser.mjs';

const seen = (page) => page.locator('.pane').evaluateAll((panes) => panes.map((pane) => ({
  label: pane.querySelector('.top-left').innerText,
  place: pane.querySelector('.bottom-left').innerText.match(/\d+\/\d+/)?.[0],
  window: pane.querySelector('.bottom-left').innerText.match(/W .*/)?.[0],
})));
const shown = (page, count, place) => page.waitForFunction(([panes, words]) => {
  const found = [...document.querySelectorAll('.pane .bottom-left')].map((one) => one.innerText);
  return found.length === panes && found.every((text) => text.startsWith(words) && /W /.test(text));
}, [count, place]);

await report(async ({ page, base, folder, rest: [study] }) => {
  await page.goto(`${base}/quick/?study=${study}`);
  await shown(page, 3, '5/8');
  await page.waitForTimeout(300);
  const hung = await seen(page);
  await page.screenshot({ path: `${folder}/quick-hung.png` });
  await page.keyboard.press('ArrowDown');
  await shown(page, 3, '6/8');
  await page.keyboard.press('Tab');
  await page.keyboard.press('End');
  await shown(page, 3, '8/8');
  await page.keyboard.press('Escape');
  await shown(page, 1, '8/8');
  const alone = await seen(page);
  await page.keyboard.press('g');
  await shown(page, 3, '5/8');
  const offered = await page.locator('select[aria-label=Layouts] option').allTextContents();
  return { hung, alone, again: await seen(page), offered };
}, { width: 1400, height: 700 });
