// From a click in the worklist to pixels: when the first picture, the whole slice and all coarse slices are there.
// The cache is empty, and nothing of the study has been asked for when it is chosen.
import { report } from './browser.mjs';

// Runs in every page: looks at each frame that is painted, from the click on.
function watch() {
  const told = { near: null, first: null, firstReductions: null, full: null, renderer: null, coarse: {}, counts: [], messages: [], frames: [] };
  window.__opening = told;
  let began;
  const side = (slice, reductions) => Math.max(slice.samples.rows, slice.samples.columns) / 2 ** reductions;
  const look = (now) => {
    const pane = window.quick?.active;
    const slices = pane?.stack?.slices ?? [];
    const ms = now - began;
    const pixels = window.quick?.stage.pixels;
    const glimpse = pane?.host.querySelector('.glimpse');
    const isGlimpse = glimpse && !glimpse.hidden && glimpse.dataset.of === pane.slice?.key;
    const isRendered = pane && !pane.host.classList.contains('empty') && pane.viewport.getCornerstoneImage()?.imageId === pane.slice?.key && !isGlimpse;
    const reductions = isGlimpse ? Number(glimpse.dataset.reductions) : isRendered ? pixels.has(pane.slice.key)?.reductions : undefined;
    if (reductions !== undefined) {
      if (told.first === null) [told.first, told.firstReductions] = [ms, reductions];
      if (reductions === 0) told.full ??= ms;
    }
    if (isRendered) told.renderer ??= ms;
    const sides = slices.map((slice) => { const shown = pixels.has(slice.key); return shown ? side(slice, shown.reductions) : 0; });
    if (sides.filter((one) => one >= 64).length >= 5) told.near ??= ms;
    for (const least of [64, 128]) if (slices.length && !pane.stack.part && sides.every((one) => one >= least)) told.coarse[least] ??= ms;
    const count = sides.filter((one) => one >= 64).length;
    if (told.counts.at(-1)?.[1] !== count) told.counts.push([Math.round(ms), count]);
    requestAnimationFrame(look);
  };
  // what the workers say, and when the page hears it
  window.Worker = class extends window.Worker {
    constructor(...words) {
      super(...words);
      this.addEventListener('message', ({ data }) => {
        if (began !== undefined && told.messages.length < 60) told.messages.push(`${Math.round(performance.now() - began)} ${data.kind} ${data.shown?.reductions ?? ''}`.trim());
      });
    }
    postMessage(said, moved) {
      if (said?.kind === 'open') told.posted = Math.round(performance.now() - began);
      super.postMessage(said, moved);
    }
  };
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (began === undefined || one.startTime + one.duration < began) continue;
      const at = (time) => Math.round(time - began);
      told.frames.push(`${at(one.startTime)}-${at(one.startTime + one.duration)} render ${at(one.renderStart)} layout ${at(one.styleAndLayoutStart)} ${one.scripts.map((script) => `${script.invoker}:${Math.round(script.duration)}`).join(' ')}`);
    }
  }).observe({ type: 'long-animation-frame', buffered: true });
  document.addEventListener('click', (event) => {
    if (began !== undefined || !event.target.closest('#studies')) return;
    began = performance.now();
    performance.mark('chosen');
    requestAnimationFrame(look);
  }, { capture: true });
}

await report(async ({ page, base, folder, rest: [study, least = '64', seconds = '60'] }) => {
  const asked = [];
  let began = Infinity;
  page.on('request', (request) => asked.push([Math.round(Date.now() - began), request.url().replace(base, '')]));
  await page.addInitScript(watch);
  await page.goto(`${base}/quick/`);
  const row = page.locator(`tr[data-uid="${study}"]`);
  await row.waitFor();
  await page.waitForFunction(() => window.quick?.panes[0]?.viewport.getCornerstoneImage(), null, { timeout: 120_000 });
  await page.waitForTimeout(3000); // idle, as before a person who reads
  const before = asked.filter(([, url]) => url.includes(study));
  began = Date.now();
  await row.click();
  await page.waitForFunction((side) => window.__opening.coarse[side] && window.__opening.renderer, least, { timeout: Number(seconds) * 1000 });
  const told = await page.evaluate(() => {
    const from = performance.getEntriesByName('chosen')[0].startTime;
    return { ...window.__opening, took: performance.getEntriesByType('resource').filter((one) => one.startTime >= from)
      .map((one) => [one.name.replace(location.origin, ''), Math.round(one.startTime - from), Math.round(one.responseStart - from), Math.round(one.responseEnd - from), one.transferSize]) };
  });
  await page.screenshot({ path: `${folder}/quick-opening.png` });
  return { ...told, before, asked: asked.filter(([ms]) => ms >= -5) };
}, { width: 1280, height: 1040 });
