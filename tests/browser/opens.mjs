// Opens studies one after the other: what the viewer drew, said, and listed beside. `-UID`: no picture is expected.
import { drawn, report } from './browser.mjs';

await report(async ({ page, base, folder, rest }) => {
  const studies = {};
  for (const word of rest) {
    const study = word.replace('-', '');
    const asked = [];
    const note = (request) => asked.push(decodeURIComponent(request.url()));
    page.on('request', note);
    await page.goto(`${base}/viewer/viewer?StudyInstanceUIDs=${study}`);
    await page.locator('[data-cy="studyBrowser-panel"]').waitFor({ timeout: 60_000 });
    if (word === study) await drawn(page);
    await page.waitForTimeout(500); // what is wrong shows after the picture
    const pictures = await page.evaluate(() => window.__rendered);
    const text = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
    await page.screenshot({ path: `${folder}/study-${study.slice(-12)}.png` });
    page.off('request', note);
    studies[study] = { pictures, text, asked: asked.filter((url) => url.includes('/dicom-web/studies?')) };
  }
  return { studies };
});
