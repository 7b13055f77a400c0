// Studies that hang by themselves: what each picture is called, its window, and the grey in its middle.
import { report } from './browser.mjs';

const seen = (page) => page.evaluate(() => window.quick.panes.map(({ host, viewport, slice }) => {
  const canvas = viewport.getCanvas();
  const [grey] = canvas.getContext('2d').getImageData(Math.floor(canvas.width / 2) + 20, Math.floor(canvas.height / 2) + 20, 1, 1).data;
  const read = (name) => host.querySelector(name).innerText;
  return { label: read('.top-left'), place: read('.bottom-left').match(/\d+\/\d+/)?.[0], window: read('.bottom-left').match(/W .*/)?.[0], series: slice.series, grey };
}));

await report(async ({ page, base, folder, rest: [studies] }) => {
  const found = {};
  for (const [name, study, panes] of JSON.parse(studies)) {
    await page.goto(`${base}/quick/?study=${study}`);
    await page.waitForFunction((count) => window.quick?.panes.length === count && window.quick.panes.every(({ host, viewport, slice }) => (
      slice && viewport.getCornerstoneImage?.()?.imageId === slice.key && host.querySelector('.glimpse').hidden && /W \d/.test(host.innerText)
    )), panes, { timeout: 30_000 });
    await page.waitForTimeout(300);
    found[name] = await seen(page);
    await page.screenshot({ path: `${folder}/quick-hung-${name}.png` });
  }
  return { found };
}, { width: 1400, height: 900 });
