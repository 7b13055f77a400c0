// The header page: from the worklist to an image's elements, filtered, with what was odd; and through the images by keys.
import { report } from './browser.mjs';

const lines = (page) => page.evaluate(() => [...document.querySelectorAll('#elements tbody tr')]
  .map((line) => [...line.cells].map((cell) => cell.innerText.trim())));

const settled = (page) => page.locator('#elements tbody tr').first().waitFor();

const [phantom, strange] = [process.argv[4], process.argv[5]];
await report(async ({ page, base, folder }) => {
  await page.goto(base);
  await page.locator('#q').pressSequentially('phantom iso', { delay: 15 });
  await page.locator(`#worklist tbody tr[data-uid="${phantom}"] a`, { hasText: 'Header' }).click();
  await settled(page);
  const who = await page.locator('#who').innerText();
  const all = await lines(page);
  await page.screenshot({ path: `${folder}/header.png` });

  const first = await page.locator('#instance').inputValue();
  await page.locator('#elements-title').click();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((uid) => !location.search.includes(`instance=${uid}`), first);
  const address = page.url();
  await page.goto(address);
  await settled(page);
  const again = await page.locator('#instance').inputValue();

  await page.keyboard.press('/');
  await page.keyboard.type('pixelspacing');
  const filtered = await lines(page);

  await page.goto(`${base}/header?study=${strange}`);
  await page.locator('#findings tbody tr').first().waitFor();
  const findings = await page.locator('#findings tbody tr').allInnerTexts();
  const odd = await page.locator('#elements tr.odd td:nth-child(2)').allInnerTexts();
  await page.screenshot({ path: `${folder}/header-findings.png` });
  await page.goto(`${base}/header?study=1.2.3.4.5`);
  await page.locator('#problem').waitFor();
  const problem = await page.locator('#problem').innerText();
  return { who, all, first, address, again, filtered, findings, odd, problem };
});
