// Marks an image and leaves without saving: one is asked first, and stays when one says no.
import { report } from './browser.mjs';
import { drawn, nothing, until } from './quick_parts.mjs';

await report(async ({ page, base, rest: [study] }) => {
  const asked = [];
  let answer = false;
  page.on('dialog', (dialog) => {
    asked.push(dialog.message());
    return answer ? dialog.accept() : dialog.dismiss();
  });
  await page.goto(`${base}/quick/`);
  await page.locator(`tr[data-uid="${study}"]`).click();
  await drawn(page);
  await page.keyboard.press('y');
  await until(page, nothing, (seen) => seen.text.includes('★'));
  await page.keyboard.press('Escape');
  await page.waitForTimeout(300);
  const stayed = [page.url(), (await until(page, nothing, (seen) => seen.text)).text];
  await page.goBack();
  await page.waitForTimeout(300);
  const stillThere = page.url();
  answer = true;
  await page.keyboard.press('Escape');
  await page.locator(`tr[data-uid="${study}"]`).waitFor();
  return { asked, stayed, stillThere, left: page.url() };
});
