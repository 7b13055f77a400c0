// The phantom in three planes or in three dimensions: which hanging protocol, and how much of each picture is not black.
import { report } from './browser.mjs';

function pictures() {
  const views = (window.cornerstone?.getRenderingEngines?.() ?? []).flatMap((engine) => engine.getViewports());
  const inGrid = (view) => view.element.closest('[data-cy="viewport-grid"]'); // thumbnails are drawn elsewhere
  return views.filter(inGrid).map((view) => {
    const canvas = view.getCanvas();
    if (!canvas.width || !canvas.height) return { type: view.type, share: 0 };
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let bright = 0;
    for (let place = 0; place < data.length; place += 4) bright += data[place] + data[place + 1] + data[place + 2] > 90;
    return { type: view.type, orientation: view.viewportProperties?.orientation ?? view.options?.orientation, share: (4 * bright) / data.length };
  });
}

const [protocol, width, height, count] = process.argv.slice(5);
await report(async ({ page, base, folder, rest: [study] }) => {
  await page.goto(`${base}/viewer/viewer?StudyInstanceUIDs=${study}&hangingprotocolId=${protocol}`);
  const end = Date.now() + 150_000;
  let seen = [];
  while (Date.now() < end && !(seen.length >= Number(count) && seen.every((one) => one.share > 0.01))) {
    await page.waitForTimeout(500);
    seen = await page.evaluate(pictures);
  }
  // all slices are in: until then lines are missing
  await page.waitForFunction(() => window.cornerstone.cache.getVolumes().every((volume) => volume.loadStatus?.loaded ?? true), null, { timeout: 90_000 });
  await page.waitForTimeout(1000);
  const name = `${folder}/${protocol.replace(/\W/g, '')}.png`;
  await page.screenshot({ path: name, timeout: 60_000 });
  return { seen, text: (await page.locator('body').innerText()).replace(/\s+/g, ' ') };
}, { width: Number(width), height: Number(height) });
