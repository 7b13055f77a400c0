// The quick viewer from its worklist to a measured picture, as a person drives it.
import { report } from './browser.mjs';
import { drag, drawn, measured, nothing, onPage, overlay, until } from './quick_parts.mjs';

const names = (page) => page.locator('#studies tbody .name').allInnerTexts();

async function search(page, words) {
  await page.locator('#words').fill('');
  await page.locator('#words').pressSequentially(words, { delay: 15 });
  await page.locator('#studies[aria-busy=false]').waitFor({ state: 'attached' });
  return (await page.locator('#studies').isVisible()) ? names(page) : [];
}

// Ends of the bright run along the rod, as a person sees them.
function rodEnds(y_mm) {
  const { viewport } = window.quick.active;
  const canvas = viewport.getCanvas();
  const box = canvas.getBoundingClientRect();
  const [, y] = viewport.worldToCanvas([0, y_mm, viewport.getImageData().origin[2]]);
  const scale = canvas.height / box.height;
  const line = canvas.getContext('2d').getImageData(0, Math.round(y * scale), canvas.width, 1).data;
  const bright = [...Array(canvas.width).keys()].filter((x) => line[4 * x] > 127);
  return [[box.x + bright[0] / scale, box.y + y], [box.x + (bright.at(-1) + 1) / scale, box.y + y]];
}

// At which edge of the picture the front of the patient is.
async function frontEdge(page) {
  const [[x, y], [frontX, frontY]] = await onPage(page, [[0, 0, 1.25], [0, -150, 1.25]]);
  if (Math.abs(frontX - x) > Math.abs(frontY - y)) return frontX > x ? 'right' : 'left';
  return frontY > y ? 'bottom' : 'top';
}

const [words, vessel, radius] = [process.argv[4].split('|'), JSON.parse(process.argv[5]), Number(process.argv[6])];
await report(async ({ page, base, folder }) => {
  await page.goto(`${base}/quick/`);
  await page.locator('#studies tbody tr').first().waitFor();
  const all = await names(page);
  const dates = await page.locator('#studies tbody .date').allInnerTexts();
  await page.screenshot({ path: `${folder}/quick-worklist.png` });
  const found = {};
  for (const word of words) found[word] = await search(page, word);
  await search(page, 'phantom iso');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  const chosen = await page.evaluate(() => document.activeElement.dataset.uid);
  await page.keyboard.press('Enter');
  await drawn(page);
  const url = page.url();

  const start = await until(page, nothing, (seen) => seen.width);
  const [center] = await onPage(page, [[0, 0, 0]]);
  await page.mouse.move(...center);
  await page.mouse.wheel(0, 100);
  const wheeled = await until(page, nothing, (seen) => seen.place !== start.place);
  const press = async (key, expected) => {
    await page.keyboard.press(key);
    const seen = await until(page, nothing, expected);
    await drawn(page);
    return seen;
  };
  const last = await press('End', (seen) => seen.place === '120/120');
  const first = await press('Home', (seen) => seen.place === '1/120');
  const paged = await press('PageDown', (seen) => seen.place === '11/120');
  for (let slice = 12; slice <= 61; slice += 1) await press('ArrowDown', (seen) => seen.place === `${slice}/120`);
  await page.mouse.move(5, 5);
  const rows = await page.evaluate(() => {
    const { origin, dimensions, spacing } = window.quick.active.viewport.getImageData();
    return { origin, last: [0, 1].map((axis) => origin[axis] + (dimensions[axis] - 1) * spacing[axis]), z: origin[2] };
  });
  const corners = await onPage(page, [rows.origin, [...rows.last, rows.z]]);
  await page.screenshot({ path: `${folder}/quick-stack.png` });
  const middle = await overlay(page);

  const lung = await press('2', (seen) => seen.center === -600);
  const own = await press('0', (seen) => seen.center === 40);
  await drag(page, center, [center[0] + 60, center[1] + 30]);
  const windowed = await until(page, nothing, (seen) => seen.width !== own.width && seen.center !== own.center);
  await press('0', (seen) => seen.center === 40 && seen.width === 400);

  const letters = { start: { ...(await overlay(page)).letters, front: await frontEdge(page) } };
  for (const [name, key] of [['turned', 't'], ['mirrored', 'm'], ['flipped', 'v'], ['reset', 'x']]) {
    await page.keyboard.press(key);
    await page.waitForTimeout(150);
    letters[name] = { ...(await overlay(page)).letters, front: await frontEdge(page) };
  }

  await page.keyboard.press('l');
  await drag(page, ...(await page.evaluate(rodEnds, -150)));
  const length = await measured(page, /mm/);
  await page.keyboard.press('e');
  const [x, y, z] = vessel;
  const [from, to] = await onPage(page, [[x, y, z], [x + radius, y + radius, z]]); // from its centre on
  await drag(page, from, to);
  const region = await measured(page, /mm²/);
  await page.screenshot({ path: `${folder}/quick-measured.png` });

  await page.keyboard.press('Space');
  const played = await until(page, nothing, (seen) => seen.place !== '61/120' && seen.text.includes('▶'));
  await page.keyboard.press('Space');
  const stopped = await until(page, nothing, (seen) => !seen.text.includes('▶'));
  await page.keyboard.press('Escape');
  await page.waitForFunction((uid) => document.activeElement.dataset?.uid === uid, chosen);
  return {
    all, dates, found, chosen, url, start, wheeled, last, first, paged, middle, z: rows.z, corners, lung, own, windowed, letters, length, region, played, stopped,
    back: page.url(), returned: await page.evaluate(() => document.activeElement.dataset?.uid ?? ''),
  };
}, { width: 1280, height: 1040 });
