// A plane askew to all axes, in which a rod of the phantom lies aslant on the screen: its length, from end to end as seen.
import { report } from './browser.mjs';
import { drag, drawn, measured } from './quick_parts.mjs';

const ROD = [-178, 0, 0]; // along the body
const [TILT, TURN] = [30, 40].map((degrees) => (degrees * Math.PI) / 180);

// Puts the second plane askew; the ends of the bright run along the rod, on the page.
function askew([rod, tilt, turn]) {
  const view = window.quick.stage.engine.getViewport('coronal');
  const aside = [Math.cos(tilt), Math.sin(tilt), 0];
  const normal = [Math.sin(tilt), -Math.cos(tilt), 0];
  const viewUp = [Math.sin(turn) * aside[0], Math.sin(turn) * aside[1], Math.cos(turn)];
  view.setCamera({ focalPoint: rod, position: rod.map((part, axis) => part + 500 * normal[axis]), viewPlaneNormal: normal, viewUp });
  view.render();
  return new Promise((done) => {
    setTimeout(() => {
      const canvas = view.getCanvas();
      const box = canvas.getBoundingClientRect();
      const scale = canvas.width / box.width;
      const context = canvas.getContext('2d');
      const seen = [];
      for (let z = -80; z <= 80; z += 0.25) {
        const [x, y] = view.worldToCanvas([rod[0], rod[1], z]);
        if (context.getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data[0] > 127) seen.push([box.x + x, box.y + y]);
      }
      done([seen[0], seen.at(-1)]);
    }, 800);
  });
}

await report(async ({ page, base, folder, rest: [study] }) => {
  await page.goto(`${base}/quick/?study=${study}`);
  await drawn(page);
  await page.keyboard.press('o');
  await page.locator('.planes[data-whole]').waitFor({ state: 'attached', timeout: 90_000 });
  await page.waitForTimeout(500);
  const ends = await page.evaluate(askew, [ROD, TILT, TURN]);
  await page.keyboard.press('l');
  await drag(page, ...ends);
  const length = await measured(page, /mm/);
  await page.screenshot({ path: `${folder}/quick-oblique.png` });
  return { ends, length };
}, { width: 1200, height: 900 });
