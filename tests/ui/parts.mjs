// How the console comes to the browser: what the first page needs at once and once, the rest later.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, enter, leave, open, url } from './world.mjs';

test('the queue asks for each thing once, and other pages come after it', async () => {
  const page = await enter('/incidents');
  await page.getByRole('row').nth(3).waitFor();
  page.asked.length = 0;
  const told = page.waitForRequest((request) => request.url().includes('/parts/part_rest'));
  await page.reload();
  await page.getByRole('row').nth(3).waitFor();
  await told;
  const paths = page.asked.map((address) => address.slice(url.length).replace(/\?.*/, ''));
  for (const path of ['/v1/session', '/v1/incidents', '/v1/views', '/v1/preferences', '/v1/activity'])
    assert.deepEqual(paths.filter((one) => one === path), [path]);
  assert.ok(paths.findIndex((path) => path.startsWith('/parts/part_')) > paths.indexOf('/v1/incidents'));
  assert.deepEqual(paths.filter((path) => path.startsWith('/parts/de-')), []);
  await leave(page);
});

// a browser says so of what was on its way and nobody asked for
test('whatever the page names is asked for, wherever it leads', async () => {
  for (const path of ['/', '/incidents', '/incidents?q=is%3Aall', '/settings/about', '/login', '/sign-on/callback?error=access_denied']) {
    const page = await open();
    await page.goto(url + path);
    await page.locator('h1').waitFor();
    await page.waitForTimeout(4000);
    assert.deepEqual(page.said.filter((line) => line.includes('preload')), [], path);
    await page.context().close();
  }
});

test('what happens before the stream of events begins is heard of', async () => {
  const page = await enter('/settings/about');
  let goOn;
  const held = new Promise((resolve) => (goOn = resolve));
  await page.route('**/v1/events*', async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest('**/v1/events*');
  await page.goto(`${url}/incidents`);
  await page.getByRole('row').nth(3).waitFor();
  await asked;
  await ask('hostile', { html: '<p>Your parcel waits</p>', subject: 'Between list and stream' });
  goOn();
  await page.getByRole('button', { name: '1 new row', exact: true }).waitFor();
  await leave(page);
});

test('a page whose part does not come says so, and is there when it is tried again', async () => {
  const page = await enter('/incidents');
  await page.route('**/parts/part_rest*', (route) => route.abort());
  await page.goto(`${url}/sources`);
  await page.getByRole('alert').waitFor();
  await page.unroute('**/parts/part_rest*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Sources' }).waitFor();
  await leave(page, /Failed to load resource/);
});

test('who reads German gets German at once, and English is not shown before', async () => {
  const page = await open({ locale: 'de-DE' });
  await page.addInitScript(() => {
    window.seen = new Set();
    new MutationObserver(() => document.querySelectorAll('button').forEach((one) => window.seen.add(one.textContent))).observe(document, { childList: true, subtree: true });
  });
  await page.goto(`${url}/login`);
  await page.getByRole('button', { name: 'Anmelden', exact: true }).waitFor();
  const seen = await page.evaluate(() => [...window.seen]);
  assert.ok(seen.includes('Anmelden') && !seen.includes('Log in'), seen.join());
  await leave(page, /401/);
});
