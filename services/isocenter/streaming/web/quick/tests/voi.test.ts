import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CURVES, curveOf, levelOf, rangeOf, shading } from '../src/voi.ts';

const near = (found: number, meant: number): void => assert.ok(Math.abs(found - meant) < 1e-9, `${found} is not ${meant}`);

test('a line goes from black to white as the standard writes it', () => {
  const shade = shading({ center: 40, width: 400 }, 'LINEAR');
  near(shade(-160), 0); // c - 0.5 - (w - 1) / 2
  near(shade(239), 255);
  near(shade(40), ((40 - 39.5) / 399 + 0.5) * 255);
});

test('an exact line has its window’s ends', () => {
  const shade = shading({ center: 40, width: 400 }, 'LINEAR_EXACT');
  near(shade(-160), 0);
  near(shade(240), 255);
  near(shade(40), 127.5);
});

test('a sigmoid is half as bright in its center and never quite black or white', () => {
  const shade = shading({ center: 40, width: 400 }, 'SIGMOID');
  near(shade(40), 127.5);
  near(shade(140), 255 / (1 + Math.exp(-1)));
  assert.ok(shade(-5000) >= 0 && shade(5000) <= 255);
});

test('a range leads back to its window', () => {
  for (const curve of CURVES) assert.deepEqual(levelOf(rangeOf({ center: 40, width: 400 }, curve), curve), { center: 40, width: 400 });
});

test('a window of no width is a step', () => {
  const shade = shading({ center: 10, width: 1 }, 'LINEAR');
  assert.deepEqual([shade(9), shade(10)], [0, 255]);
});

test('what is no function of the standard is taken for the linear one', () => {
  assert.deepEqual(['SIGMOID', 'LINEAR_EXACT', '', 'CUBIC'].map(curveOf), ['SIGMOID', 'LINEAR_EXACT', 'LINEAR', 'LINEAR']);
});
