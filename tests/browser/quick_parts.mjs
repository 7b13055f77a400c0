// What the quick viewer's scripts share: what stands over the picture, and where its points are on the page.
export async function overlay(page) {
  const read = (name) => page.locator(`.pane ${name}`).first().innerText();
  const text = await read('.bottom-left');
  const window = text.match(/W (-?\d+) L (-?\d+)/);
  return {
    place: text.match(/\d+\/\d+/)?.[0], width: Number(window?.[1]), center: Number(window?.[2]), text,
    about: await read('.bottom-right'), message: await read('.message'),
    warnings: await page.locator('.pane .warnings li').allInnerTexts(),
    letters: Object.fromEntries(await Promise.all(['left', 'right', 'top', 'bottom'].map(async (edge) => [edge, await read(`.at-${edge}`)]))),
  };
}

// Does something until the overlay says what is expected: what is shown follows the input a moment later.
export async function until(page, act, expected, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    await act();
    const seen = await overlay(page);
    if (expected(seen)) return seen;
    if (Date.now() > end) throw new Error(`never: ${expected}; last seen: ${JSON.stringify(seen)}`);
    await page.waitForTimeout(50);
  }
}

export const nothing = async () => {};

// A study is open, and the picture that the overlay speaks of is the one that was drawn.
export const drawn = (page) => page.waitForFunction(() => {
  const pane = window.quick?.active;
  return pane?.slice && pane.viewport.getCornerstoneImage?.()?.imageId === pane.slice.key && pane.host.querySelector('.message').textContent === '';
}, null, { timeout: 60_000 });

// The middle of a drawn picture's pixel, or of a point of the patient, on the page.
export const onPage = (page, worlds) => page.evaluate((points) => {
  const { viewport } = window.quick.active;
  const box = viewport.getCanvas().getBoundingClientRect();
  return points.map((world) => { const [x, y] = viewport.worldToCanvas(world); return [box.x + x, box.y + y]; });
}, worlds);

export async function drag(page, [x, y], [toX, toY], steps = 8) {
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(toX, toY, { steps });
  await page.mouse.move(toX, toY); // moves that come in one frame are taken as one
  await page.mouse.up();
}

// The texts beside measurements follow their lines a moment later: what they say once they have stopped changing.
export async function measured(page, words) {
  const locator = page.locator('.pane svg text').filter({ hasText: words }).last();
  await locator.waitFor();
  let text = '';
  for (let now = await locator.innerHTML(); now !== text; now = await locator.innerHTML()) {
    text = now;
    await page.waitForTimeout(400);
  }
  return locator.locator('tspan').allTextContents();
}
