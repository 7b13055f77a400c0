// The quick viewer on a telephone: worklist, study, a finger that scrolls.
import { report } from './browser.mjs';
import { drawn, nothing, until } from './quick_parts.mjs';

const sizes = () => ({ width: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth });

await report(async ({ context, page, base, folder, rest: [study] }) => {
  await page.goto(`${base}/quick/`);
  await page.locator('#studies tbody tr').first().waitFor();
  const list = await page.evaluate(sizes);
  await page.screenshot({ path: `${folder}/quick-phone-list.png` });
  await page.locator(`tr[data-uid="${study}"]`).tap();
  await drawn(page);
  const start = await until(page, nothing, (seen) => seen.place);
  const pane = await page.locator('.pane').boundingBox();
  const [x, y] = [pane.x + pane.width / 2, pane.y + pane.height / 2];
  const touch = await context.newCDPSession(page);
  const send = (type, points) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  await send('touchStart', [{ x, y }]);
  for (let moved = 8; moved <= 80; moved += 8) await send('touchMove', [{ x, y: y + moved }]);
  await send('touchEnd', []);
  const scrolled = await until(page, nothing, (seen) => seen.place !== start.place);
  await drawn(page);
  await page.screenshot({ path: `${folder}/quick-phone.png` });
  const boxes = await page.evaluate(() => Object.fromEntries(['panes', 'tools', 'side'].map((id) => [id, document.getElementById(id).getBoundingClientRect().toJSON()])));
  return { list, study: await page.evaluate(sizes), start, scrolled, boxes };
}, { width: 390, height: 844, touch: true });
