// An archive with nothing in it; then the platform goes away.
import { report } from './browser.mjs';

await report(async ({ page, base, folder, rest: [supervisor] }) => {
  await page.goto(base);
  await page.locator('#welcome').waitFor();
  const welcome = await page.locator('#welcome').innerText();
  await page.screenshot({ path: `${folder}/empty.png` });
  process.kill(Number(supervisor), 'SIGTERM');
  await page.locator('#away').waitFor({ timeout: 60_000 });
  const away = await page.locator('#away').innerText();
  await page.screenshot({ path: `${folder}/away.png` });
  return { welcome, away };
});
