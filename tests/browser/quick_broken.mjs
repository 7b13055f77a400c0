// An image that cannot be decoded: that is said, and no other image is taken for it.
import { report } from './browser.mjs';
import { drawn, nothing, until } from './quick_parts.mjs';

const isSeen = (page) => page.locator('.pane .screen').evaluate((screen) => getComputedStyle(screen).visibility === 'visible');

await report(async ({ page, base, rest: [study] }) => {
  await page.goto(`${base}/quick/?study=${study}`);
  await drawn(page);
  const before = await isSeen(page);
  await page.keyboard.press('ArrowDown');
  const broken = await until(page, nothing, (seen) => seen.message);
  const during = await isSeen(page);
  await page.keyboard.press('ArrowUp');
  const mended = await until(page, nothing, (seen) => !seen.message);
  await drawn(page);
  return { before, broken, during, mended, after: await isSeen(page) };
});
