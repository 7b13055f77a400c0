// A study with its prior beside it, both going together; then one alone again.
import { report } from './browser.mjs';
import { drawn } from './quick_parts.mjs';

const places = (page) => page.locator('.pane .bottom-left').evaluateAll((corners) => corners.map((one) => one.innerText.match(/\d+\/\d+/)?.[0]));
const both = (page, expected) => page.waitForFunction((words) => {
  const seen = [...document.querySelectorAll('.pane .bottom-left')].map((one) => one.innerText.match(/\d+\/\d+/)?.[0]);
  return JSON.stringify(seen) === words;
}, JSON.stringify(expected));

await report(async ({ page, base, folder, rest: [study, stranger] }) => {
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${base}/quick/?study=${study}`);
  await drawn(page);
  const priors = await page.locator('.prior').allInnerTexts();
  await page.locator('.prior button').first().waitFor();
  await page.keyboard.press('c');
  await both(page, ['61/120', '61/120']);
  await page.waitForFunction(() => window.quick.panes[1]?.viewport.getCornerstoneImage?.());
  await page.keyboard.press('PageDown');
  await both(page, ['71/120', '71/120']);
  await page.keyboard.press('k');
  await page.keyboard.press('ArrowUp');
  await both(page, ['70/120', '71/120']);
  await page.keyboard.press('k'); // linked anew, one slice apart
  await page.keyboard.press('ArrowUp');
  await both(page, ['69/120', '70/120']);
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${folder}/quick-compare.png` });
  const abouts = await page.locator('.pane .top-right').allInnerTexts();
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelectorAll('.pane').length === 1);
  const alone = await places(page);
  await page.goto(`${base}/quick/?study=${stranger}`);
  await drawn(page);
  await page.locator('.prior').first().waitFor();
  return { priors, abouts, alone, others: await page.locator('.prior').allInnerTexts(), asked: asked.filter((url) => url.includes('PatientID')) };
}, { width: 1400, height: 800 });
