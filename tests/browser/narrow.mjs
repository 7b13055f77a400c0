// The page on a telephone.
import { report } from './browser.mjs';

await report(async ({ page, base, folder }) => {
  await page.goto(base);
  await page.locator('#worklist tbody tr').first().waitFor();
  await page.screenshot({ path: `${folder}/narrow.png` });
  return page.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
    rows: document.querySelectorAll('#worklist tbody tr').length,
  }));
}, { width: 390, height: 844 });
