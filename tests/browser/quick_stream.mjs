// A series on a slow line: every slice is there soon and becomes better, and a jump brings what one looks at first.
import { report } from './browser.mjs';
import { nothing, until } from './quick_parts.mjs';

// By how often they are still to be doubled, how many slices are here.
const here = (page) => page.evaluate(() => {
  const { stage, active } = window.quick;
  const found = {};
  for (const slice of active.stack.slices) {
    const shown = stage.pixels.has(slice.key);
    if (shown) found[shown.reductions] = (found[shown.reductions] ?? 0) + 1;
  }
  return found;
});
const isPreview = (seen) => seen.about.startsWith('preview');

await report(async ({ page, base, folder, rest: [study] }) => {
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${base}/quick/`);
  await page.locator(`tr[data-uid="${study}"]`).waitFor();
  await page.waitForFunction(() => window.quick?.panes[0]?.viewport.getCornerstoneImage(), null, { timeout: 120_000 }); // all code is here
  await page.locator(`tr[data-uid="${study}"]`).click();
  const first = await until(page, nothing, (seen) => isPreview(seen) && seen.width, 60);
  // a preview is drawn before the renderer has anything: the whole picture, fitted into its pane
  const corners = await page.evaluate(() => {
    const { slice, host } = window.quick.active;
    const box = host.querySelector('.glimpse').getBoundingClientRect();
    const { rows, columns } = slice.samples;
    const fit = Math.min(box.width / (columns * slice.spacing.column), box.height / (rows * slice.spacing.row));
    const [across, down] = [slice.spacing.column * fit, slice.spacing.row * fit];
    const [left, top] = [box.x + (box.width - columns * across) / 2, box.y + (box.height - rows * down) / 2];
    return [[left + across / 2, top + down / 2], [left + (columns - 0.5) * across, top + (rows - 0.5) * down]];
  });
  const early = await here(page);
  await page.screenshot({ path: `${folder}/quick-preview.png` });
  await page.waitForFunction(() => window.quick.active.stack.slices.filter((slice) => window.quick.stage.pixels.has(slice.key)).length > 40);
  await page.keyboard.press('End');
  await page.waitForFunction(() => window.quick.stage.pixels.has(window.quick.active.stack.slices.at(-1).key)?.reductions === 0, null, { timeout: 60_000 });
  const jumped = await until(page, nothing, (seen) => seen.place === '120/120' && !isPreview(seen));
  const middle = await here(page);
  const streams = asked.filter((url) => url.includes('/stream'));
  return { first, early, corners, jumped, middle, streams, frames: asked.filter((url) => url.includes('/frames/')) };
}, { width: 1280, height: 1040 });
