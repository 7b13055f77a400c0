// Opens studies one after the other, goes to a frame of each, and tells what is drawn in the middle of its four quarters.
import { report } from './browser.mjs';
import { drag, drawn, measured, nothing, overlay, until } from './quick_parts.mjs';

function quarters() {
  const { viewport } = window.quick.active;
  const canvas = viewport.getCanvas();
  const box = canvas.getBoundingClientRect();
  const { imageData, dimensions: [columns, rows] } = viewport.getImageData();
  const scale = canvas.width / box.width;
  return [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]].map(([right, down]) => {
    const [x, y] = viewport.worldToCanvas(imageData.indexToWorld([right * columns, down * rows, 0]));
    const [red, green, blue] = canvas.getContext('2d').getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data;
    const over = window.quick.active.host.querySelector('.overlays');
    const drawn = !over.hidden && over.getContext('2d').getImageData(Math.round(x * devicePixelRatio), Math.round(y * devicePixelRatio), 1, 1).data[3] > 0;
    return { colour: [red, green, blue], page: [box.x + x, box.y + y], drawn };
  });
}

// What is said of a region well inside of a quarter.
async function regionIn(page, [x, y]) {
  await page.keyboard.press('e');
  await drag(page, [x, y], [x + 20, y + 20]);
  return measured(page, /²/);
}

await report(async ({ page, base, folder, rest }) => {
  const seen = {};
  for (const [name, study, frame] of JSON.parse(rest[0])) {
    await page.goto(`${base}/quick/?study=${study}`);
    await drawn(page);
    for (let at = 1; at < frame; at += 1) await page.keyboard.press('ArrowDown');
    await until(page, nothing, (now) => now.place.startsWith(`${frame}/`));
    await drawn(page);
    await page.waitForTimeout(300);
    const found = await page.evaluate(quarters);
    const first = await overlay(page);
    await page.keyboard.press('l');
    await drag(page, found[0].page, found[1].page);
    const length = await measured(page, /\d/);
    const region = name === 'uptake' ? await regionIn(page, found[3].page) : [];
    await page.screenshot({ path: `${folder}/quick-${name}.png` });
    seen[name] = { ...first, colours: found.map((one) => one.colour), drawn: found.map((one) => one.drawn), length, region };
  }
  return { seen };
}, { width: 900, height: 700 });
