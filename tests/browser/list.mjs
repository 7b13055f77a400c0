// The viewer's own list of studies.
import { report } from './browser.mjs';

await report(async ({ page, base, folder }) => {
  await page.goto(`${base}/viewer`);
  await page.getByText('Study List').waitFor();
  await page.getByText('Phantom, Iso').first().waitFor();
  await page.screenshot({ path: `${folder}/list.png` });
  return { url: page.url(), text: (await page.locator('body').innerText()).replace(/\s+/g, ' ') };
});
