// Three planes of the phantom: where they lie, a length along the body, the cross that moves all, thickness, and back.
import { report } from './browser.mjs';
import { drag, drawn, measured, nothing, overlay, until } from './quick_parts.mjs';

const place = (page, axis, points) => page.evaluate(([id, worlds]) => {
  const view = window.quick.stage.engine.getViewport(id);
  const box = view.getCanvas().getBoundingClientRect();
  return worlds.map((world) => { const [x, y] = view.worldToCanvas(world); return [box.x + x, box.y + y]; });
}, [axis, points]);
const bright = (page, axis, world) => page.evaluate(([id, point]) => {
  const view = window.quick.stage.engine.getViewport(id);
  const canvas = view.getCanvas();
  const scale = canvas.width / canvas.getBoundingClientRect().width;
  const [x, y] = view.worldToCanvas(point);
  return canvas.getContext('2d').getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data[0];
}, [axis, world]);
const focus = (page, axis) => page.evaluate((id) => window.quick.stage.engine.getViewport(id).getCamera().focalPoint, axis);

await report(async ({ page, base, folder, rest: [study] }) => {
  await page.goto(`${base}/quick/?study=${study}`);
  await drawn(page);
  await page.keyboard.press('o');
  await page.locator('.planes[data-whole]').waitFor({ state: 'attached', timeout: 90_000 });
  await page.waitForTimeout(500);
  const letters = await page.locator('.planes .pane').evaluateAll((panes) => panes.map((pane) => [...pane.querySelectorAll('.letter')].map((one) => one.textContent).join('')));
  const [, y] = await focus(page, 'coronal');
  await page.keyboard.press('l');
  await drag(page, ...(await place(page, 'coronal', [[-178, y, 50], [-178, y, -50]])));
  const length = await measured(page, /mm/);
  // on and beside the end of the rod along the body
  const rod = [await bright(page, 'coronal', [-178, y, 45]), await bright(page, 'coronal', [-178, y, 56])];
  await page.keyboard.press('s');
  const [to] = await place(page, 'coronal', [[30, y, 100]]);
  await page.mouse.click(...to);
  await page.waitForFunction(() => Math.abs(window.quick.stage.engine.getViewport('axial').getCamera().focalPoint[2] - 100) < 3);
  const moved = { axial: await focus(page, 'axial'), sagittal: await focus(page, 'sagittal') };
  await page.keyboard.press('3');
  await page.waitForFunction(() => document.querySelector('.planes .bottom-left').textContent === 'W 1800 L 450');
  await page.getByRole('button', { name: '20 mm MIP' }).click();
  const told = await page.locator('.planes .bottom-left').first().textContent();
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${folder}/quick-planes.png` });
  await page.keyboard.press('Escape');
  await page.locator('.planes').waitFor({ state: 'detached' });
  await page.keyboard.press('ArrowDown');
  const back = await until(page, nothing, (seen) => seen.place === '62/120');
  await page.keyboard.press('o');
  await page.locator('.planes[data-whole]').waitFor({ state: 'attached', timeout: 90_000 });
  const again = (await overlay(page)).place;
  return { letters, length, rod, moved, told, back, again };
}, { width: 1200, height: 900 });
