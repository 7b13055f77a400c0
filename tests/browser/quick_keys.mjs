// Marks two images, stores them, and finds the marks again when the study is opened anew.
import { report } from './browser.mjs';
import { drawn, nothing, until } from './quick_parts.mjs';

await report(async ({ page, base, rest: [study] }) => {
  await page.goto(`${base}/quick/?study=${study}`);
  await drawn(page);
  await page.keyboard.press('y');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('y');
  await until(page, nothing, (seen) => seen.text.includes('★'));
  const save = page.locator('#tools button').filter({ hasText: /^Save/ });
  const offered = await save.innerText();
  await save.click();
  await save.waitFor({ state: 'hidden' });
  await page.waitForFunction(async (uid) => {
    const series = await (await fetch(`/dicom-web/studies/${uid}/series`)).json();
    return series.some((one) => one['00080060'].Value[0] === 'KO');
  }, study, { polling: 300 });
  await page.goto(`${base}/quick/?study=${study}`);
  await drawn(page);
  const again = await until(page, nothing, (seen) => seen.text.includes('★'));
  await page.keyboard.press('ArrowUp');
  const other = await until(page, nothing, (seen) => seen.place !== again.place);
  return { offered, again, other };
});
