// Debian's Chromium with software WebGL, forbidden to reach anything but the server under test.
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--headless=new', '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist', '--disable-quic', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run', '--disable-dev-shm-usage', '--mute-audio',
];

// Runs in every page: no greeting tour, and a count of what the viewer has drawn.
function prepare() {
  localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']));
  window.__rendered = 0;
  const hook = () => {
    const stone = window.cornerstone;
    if (!stone?.eventTarget) return setTimeout(hook, 20);
    const { ELEMENT_ENABLED, IMAGE_RENDERED } = stone.Enums.Events;
    return stone.eventTarget.addEventListener(ELEMENT_ENABLED, (event) => {
      event.detail.element.addEventListener(IMAGE_RENDERED, () => { window.__rendered += 1; });
    });
  };
  hook();
}

export async function open(base, { width = 1440, height = 900, touch = false } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: ARGUMENTS,
  });
  const context = await browser.newContext({ viewport: { width, height }, hasTouch: touch, serviceWorkers: 'block' });
  const outside = [];
  // the server under test, and the identity provider where a test has one
  const hosts = [base, process.env.IDENTITY_PROVIDER ?? base].map((address) => new URL(address).host);
  await context.route((url) => url.protocol.startsWith('http') && !hosts.includes(url.host), (route) => {
    outside.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.addInitScript(prepare);
  return { browser, context, page, outside, errors };
}

// One script's work: opens a browser, prints what `look` found out as JSON, with page errors and requests to the outside.
export async function report(look, view) {
  const [base, folder, ...rest] = process.argv.slice(2);
  const opened = await open(base, view);
  try {
    const found = await look({ ...opened, base, folder, rest });
    process.stdout.write(JSON.stringify({ ...found, outside: opened.outside, errors: opened.errors }));
  } catch (error) {
    await opened.page.screenshot({ path: `${folder}/failed.png` }).catch(() => {});
    throw error;
  } finally {
    await opened.browser.close();
  }
}

export const drawn = (page) => page.waitForFunction(() => window.__rendered > 0, null, { timeout: 90_000 });

export async function overlay(page) {
  const text = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
  const window = text.match(/W: (-?\d+) L: (-?\d+)/);
  return {
    place: text.match(/\((\d+\/\d+)\)/)?.[1],
    width: Number(window?.[1]),
    center: Number(window?.[2]),
    text,
  };
}

// Does something until the overlay says what is expected: what is shown follows the input a moment later.
export async function until(page, act, true_, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    await act();
    const seen = await overlay(page);
    if (true_(seen)) return seen;
    if (Date.now() > end) throw new Error(`never: ${true_}; last seen: ${seen.text.slice(0, 300)}`);
    await page.waitForTimeout(50);
  }
}
