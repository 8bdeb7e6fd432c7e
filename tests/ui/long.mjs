// A queue of a hundred thousand: only what is in sight is in the page, and whatever is scrolled to comes in its order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, enter, leave } from './world.mjs';

const MANY = 100_000;

test('a hundred thousand incidents scroll like a hundred', async () => {
  await ask('many', { count: MANY });
  const page = await enter();
  await page.locator('.grid-row').first().waitFor();
  const seen = await page.evaluate(async () => {
    const grid = document.querySelector('.grid');
    const ids = new Map(); // by place
    let most = 0;
    for (const until = performance.now() + 60_000; ids.size < 4000 && performance.now() < until;) {
      grid.scrollTop += grid.clientHeight;
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      const shown = [...document.querySelectorAll('.grid-row')];
      most = Math.max(most, shown.length);
      for (const row of shown) ids.set(Number(row.getAttribute('aria-rowindex')), Number(row.id.slice(4)));
      if (grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { most, ids: [...ids].sort((a, b) => a[0] - b[0]) };
  });
  assert.ok(seen.ids.length >= 4000, `${seen.ids.length} rows`);
  assert.ok(seen.most < 80, `${seen.most} rows in the page`);
  const ids = seen.ids.map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  // As the API has them, page after page.
  const wanted = [];
  for (let cursor = ''; wanted.length < 1000;) {
    const answer = await page.evaluate(async (path) => (await fetch(path)).json(), `/v1/incidents?state=open&sort=need&limit=500${cursor}`);
    wanted.push(...answer.items.map((one) => one.id));
    cursor = `&cursor=${answer.next}`;
  }
  const known = seen.ids.filter(([place]) => place <= wanted.length);
  assert.ok(known.length > 900);
  assert.deepEqual(known.map(([, id]) => id), known.map(([place]) => wanted[place - 1]));
  await page.keyboard.press('End');
  await page.keyboard.press('k');
  await page.locator('.grid-row.cursor').waitFor();
  await leave(page);
});
