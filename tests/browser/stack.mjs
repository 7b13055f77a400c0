// The phantom as a stack: wheel and keys, window and level, a length; and where on the screenshot its pixels are.
import { drawn, overlay, report, until } from './browser.mjs';

const MIDDLE = 60; // z = 1.25 mm, head first; the rod along x is 6 mm thick
const ROD_Y_MM = -150;

const nothing = async () => {};

// Corners of the image on the page, in CSS pixels: centres of its first and last pixel.
function corners() {
  const view = window.cornerstone.getRenderingEngines()[0].getViewports()[0];
  const { origin, dimensions, spacing } = view.getImageData();
  const last = [0, 1].map((axis) => origin[axis] + (dimensions[axis] - 1) * spacing[axis]);
  const box = view.getCanvas().getBoundingClientRect();
  const place = (world) => { const [x, y] = view.worldToCanvas(world); return [box.x + x, box.y + y]; };
  return { first: place(origin), last: place([...last, origin[2]]), z: origin[2] };
}

// Ends of the bright run along the rod, as a person sees them.
function rodEnds(y_mm) {
  const view = window.cornerstone.getRenderingEngines()[0].getViewports()[0];
  const canvas = view.getCanvas();
  const box = canvas.getBoundingClientRect();
  const [, y] = view.worldToCanvas([0, y_mm, view.getImageData().origin[2]]);
  const scale = canvas.height / box.height;
  const line = canvas.getContext('2d').getImageData(0, Math.round(y * scale), canvas.width, 1).data;
  const bright = [...Array(canvas.width).keys()].filter((x) => line[4 * x] > 127);
  return { left: box.x + bright[0] / scale, right: box.x + (bright.at(-1) + 1) / scale, y: box.y + y };
}

// The text of a measurement follows its line a moment later: what it says once it has stopped changing.
async function settledText(page, locator) {
  let text = '';
  for (let now = await locator.textContent(); now !== text; now = await locator.textContent()) {
    text = now;
    await page.waitForTimeout(500);
  }
  return text;
}

await report(async ({ page, base, folder, rest: [study] }) => {
  const frames = new Set(); // media types they came in
  page.on('response', (answer) => { if (answer.url().includes('/frames/')) frames.add(answer.headers()['content-type']); });
  await page.goto(`${base}/viewer/viewer?StudyInstanceUIDs=${study}`);
  await drawn(page);
  const start = await until(page, nothing, (seen) => seen.place?.endsWith('/120') && seen.width);
  const box = await page.locator('[data-cy="viewport-pane"]').first().boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, 100);
  const wheeled = await until(page, nothing, (seen) => seen.place !== start.place);
  await page.keyboard.press('ArrowDown');
  const keyed = await until(page, nothing, (seen) => seen.place !== wheeled.place);
  for (let slice = Number(keyed.place.split('/')[0]) + 1; slice <= MIDDLE; slice += 1) {
    await page.keyboard.press('ArrowDown');
    await until(page, nothing, (seen) => seen.place.startsWith(`${slice}/`));
  }
  await page.waitForTimeout(500); // the text is there before the picture
  const at = await page.evaluate(corners);
  await page.screenshot({ path: `${folder}/stack.png` });
  const middle = await overlay(page);

  const rod = await page.evaluate(rodEnds, ROD_Y_MM);
  await page.locator('[data-cy="MeasurementTools-split-button-primary"]').click();
  await page.mouse.move(rod.left, rod.y);
  await page.mouse.down();
  await page.mouse.move(rod.right, rod.y, { steps: 8 });
  await page.mouse.move(rod.right, rod.y); // moves that come in one frame are taken as one
  await page.mouse.up();
  await page.getByText('Track measurements for this series?').waitFor(); // the line is finished
  const length = await settledText(page, page.locator('svg text').filter({ hasText: /\d mm/ }).first());
  await page.screenshot({ path: `${folder}/length.png` });
  await page.getByText('No', { exact: true }).click();

  await page.locator('[data-cy="WindowLevel"]').click();
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 60, y + 30, { steps: 6 });
  await page.mouse.up();
  const windowed = await until(page, nothing, (seen) => seen.width !== start.width && seen.center !== start.center);
  await page.screenshot({ path: `${folder}/windowed.png` });
  return { start, wheeled, keyed, middle, windowed, corners: at, length, frames: [...frames] };
}, { width: 1200, height: 1040 });
