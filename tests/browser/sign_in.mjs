// Signs in at the identity provider, looks at worklist and viewer, signs out, and tries again.
import { drawn, report } from './browser.mjs';

const status = (page, path) => page.evaluate(async (asked) => (await fetch(asked)).status, path);

async function signIn(page, name, password) {
  await page.locator('#username').fill(name);
  await page.locator('#password').fill(password);
  await page.locator('#kc-login').click();
}

await report(async ({ page, context, base, folder, rest: [study, password] }) => {
  await page.goto(`${base}/?q=phantom`);
  await page.locator('#username').waitFor();
  const asked = page.url();
  await page.screenshot({ path: `${folder}/provider.png` });
  await signIn(page, 'otto', password);
  await page.getByText('Not signed in').waitFor();
  const refused = await page.locator('body').innerText();
  await page.screenshot({ path: `${folder}/refused.png` });

  await context.clearCookies();
  await page.goto(`${base}/?q=phantom`);
  await signIn(page, 'ada', password);
  await page.locator('#worklist tbody tr').first().waitFor();
  await page.locator('#sign-out').waitFor();
  const landed = page.url();
  const seen = await context.cookies(base);
  const script = await page.evaluate(() => document.cookie);
  await page.screenshot({ path: `${folder}/signed-in.png` });
  const held = await status(page, '/api/held');
  await page.goto(`${base}/viewer/viewer?StudyInstanceUIDs=${study}`);
  await drawn(page);
  await page.screenshot({ path: `${folder}/signed-in-viewer.png` });

  await page.goto(`${base}/`);
  await page.locator('#sign-out').click();
  await page.locator('#username').waitFor(); // out here and there: the page asks who again
  const left = page.url();
  await page.goto(`${base}/viewer/viewer?StudyInstanceUIDs=${study}`);
  await page.locator('#username').waitFor();
  const again = page.url();
  const gone = await context.request.get(`${base}/dicom-web/studies`).then((answer) => answer.status());
  return { asked, refused, landed, seen, script, held, left, again, gone };
});
