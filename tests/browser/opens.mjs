// Opens studies one after the other: what the viewer drew, said, and listed beside.
import { report } from './browser.mjs';

await report(async ({ page, base, folder, rest }) => {
  const studies = {};
  for (const study of rest) {
    const asked = [];
    const note = (request) => asked.push(decodeURIComponent(request.url()));
    page.on('request', note);
    await page.goto(`${base}/viewer/viewer?StudyInstanceUIDs=${study}`);
    await page.locator('[data-cy="studyBrowser-panel"]').waitFor({ timeout: 60_000 });
    await page.waitForFunction(() => window.__rendered > 0, null, { timeout: 6000 }).catch(() => {});
    await page.waitForTimeout(500);
    const drawn = await page.evaluate(() => window.__rendered);
    const text = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
    await page.screenshot({ path: `${folder}/study-${study.slice(-12)}.png` });
    page.off('request', note);
    studies[study] = { drawn, text, asked: asked.filter((url) => url.includes('/dicom-web/studies?')) };
  }
  return { studies };
});
