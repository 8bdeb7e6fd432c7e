// Every page in every state that it may be in: what it waits for, what it lacks, what is refused, and what is too much.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ask, barriers, enter, leave, logIn, open, passphrase, setup, url } from './world.mjs';

before(async () => {
  const token = new URL(setup).searchParams.get('token');
  const made = await fetch(`${url}/v1/setup`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token, name: 'mara', display_name: 'Mara Lindqvist', password: passphrase }) });
  assert.equal(made.status, 201);
  await ask('source_added');
  await ask('person', { name: 'vera', display_name: 'Vera Stille', password: passphrase, role: 'viewer' });
});

const main = (page) => page.getByRole('main');
const heading = (page) => page.getByRole('heading', { level: 1 }).first();
const isHere = async (page) => {
  await heading(page).waitFor();
  await main(page).locator('.wait').first().waitFor({ state: 'detached' });
};

async function payroll() {
  const { incidents } = await ask('incidents');
  return incidents.find((one) => /Action required/.test(one.title)).id;
}

/** Every page that shows something of its own. */
const pages = async () => [
  '/incidents', `/incidents/${await payroll()}`, '/alerts', '/search?q=salary', '/reporters', '/reports', '/sources', '/sources/new', '/sources/1',
  '/settings/email', '/settings/email/new', '/settings/email/1', '/settings/users', '/settings/teams', '/settings/sign-on', '/settings/sign-on/new', '/settings/roles',
  '/settings/vips', '/settings/keys', '/settings/retention', '/settings/audit', '/settings/backup', '/settings/about', '/account',
];

/** What is asked of the API but who is there, which every page needs. */
const isData = (address) => address.pathname.startsWith('/v1/') && !/^\/v1\/(session|events)\b/.test(address.pathname);

const refusal = (status, code, detail, remedy, headers = {}, more = {}) => (route) => route.fulfill({
  status, contentType: 'application/problem+json', headers, json: { status, code, detail, remedy, ...more } });

/** Answers whatever is read as @run says, as long as nobody calls what comes back. */
async function answering(page, run) {
  const handler = (route) => (route.request().method() === 'GET' ? run(route) : route.continue());
  await page.route(isData, handler);
  return () => page.unroute(isData, handler);
}

/** Of the first seconds of a page: how far things moved, and whether it said that it waits before that was worth saying. */
const watching = () => {
  window.seen = { moved: 0, what: [], hasty: false };
  const since = new WeakMap();
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries())
      if (!shift.hadRecentInput) {
        window.seen.moved += shift.value;
        window.seen.what.push(...shift.sources.map(({ node }) => `${node?.nodeName} ${node?.className ?? ''}`));
      }
  }).observe({ type: 'layout-shift', buffered: true });
  const waiting = () => document.querySelectorAll('.wait');
  // as it comes, not a frame later: a busy machine draws few
  new MutationObserver(() => {
    for (const one of waiting()) if (!since.has(one)) since.set(one, performance.now());
  }).observe(document, { childList: true, subtree: true });
  const look = () => {
    const now = performance.now();
    for (const one of waiting()) window.seen.hasty ||= now - since.get(one) < 150 && Number(getComputedStyle(one).opacity) > 0;
    requestAnimationFrame(look);
  };
  look();
};

for (const [device, viewport] of [['desktop', { width: 1366, height: 768 }], ['phone', { width: 390, height: 844 }]])
  test(`a page whose answers take a moment does not move, and does not flicker: ${device}`, async () => {
    const page = await enter('/settings/about');
    await page.setViewportSize(viewport);
    await page.addInitScript(watching);
    const slow = await answering(page, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 90));
      await route.continue();
    });
    const restless = [];
    for (const path of await pages()) {
      await page.goto(url + path);
      await isHere(page);
      await page.waitForTimeout(400);
      const { moved, hasty, what } = await page.evaluate(() => window.seen);
      if (moved > 0.02 || hasty) restless.push(`${path}: ${moved.toFixed(3)}${hasty ? ', hasty' : ''} ${what.slice(0, 3).join('; ')}`);
    }
    await slow();
    assert.deepEqual(restless, []);
    await leave(page, /sandboxed/);
  });

test('a page whose answers take long says that it waits', async () => {
  const page = await enter('/settings/about', { axe: true });
  for (const path of await pages()) {
    let goOn;
    const held = new Promise((resolve) => (goOn = resolve));
    const slow = await answering(page, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(url + path);
    if (path !== '/account') await main(page).locator('.wait, [aria-busy="true"]').first().waitFor();
    assert.deepEqual(await barriers(page), [], path);
    goOn();
    await isHere(page);
    await slow();
  }
  await leave(page);
});

test('a page that fails says what to do, and is there when it is tried again', async () => {
  const page = await enter('/settings/about', { axe: true });
  for (const path of await pages()) {
    const broken = await answering(page, refusal(500, 'internal', 'the store does not answer', 'Look at the log.'));
    await page.goto(url + path);
    const said = main(page).getByRole('alert').first();
    await said.getByText('the store does not answer. Look at the log.').waitFor();
    assert.deepEqual(await barriers(page), [], path);
    await broken();
    await main(page).getByRole('button', { name: 'Try again' }).first().click();
    await said.waitFor({ state: 'detached' });
    await isHere(page);
  }
  await leave(page, /500/);
});

test('a page without a network is there again by itself when the network is', async () => {
  const page = await enter('/settings/about', { axe: true });
  for (const path of await pages()) {
    const gone = await answering(page, (route) => route.abort());
    await page.goto(url + path);
    await main(page).getByRole('alert').first().getByText('Trawl does not answer').waitFor();
    await main(page).getByText(/By itself in/).first().waitFor();
    assert.deepEqual(await barriers(page), [], path);
    await gone();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await main(page).getByRole('alert').first().waitFor({ state: 'detached' });
    await isHere(page);
  }
  // and without being told of it
  const gone = await answering(page, (route) => route.abort());
  await page.goto(`${url}/sources`);
  await main(page).getByRole('alert').waitFor();
  await gone();
  await page.getByRole('link', { name: 'abuse' }).first().waitFor();
  await leave(page, /ERR_FAILED/);
});

test('a page of what is not there says so, and leads to what is', async () => {
  const page = await enter('/settings/about', { axe: true });
  for (const list of ['/incidents', '/sources', '/settings/email', '/settings/sign-on']) {
    await page.goto(`${url}${list}/999999`);
    await page.getByRole('heading', { level: 1, name: 'It is not there' }).waitFor();
    await main(page).getByRole('alert').getByText(/999999/).waitFor();
    assert.deepEqual(await barriers(page), [], list);
    await main(page).getByText('It may have been deleted').getByRole('link').click();
    await isHere(page);
    assert.equal(new URL(page.url()).pathname, list);
  }
  await leave(page, /404/);
});

test('who is there may be unknown for a while', async () => {
  const page = await enter('/settings/about');
  await page.route('**/v1/session', (route) => route.abort());
  await page.goto(`${url}/sources`);
  await page.getByRole('alert').getByText('Trawl does not answer').waitFor();
  await page.unroute('**/v1/session');
  await page.getByRole('heading', { name: 'Sources' }).waitFor();
  await leave(page, /ERR_FAILED/);
});

test('what one may not see says which permission is missing', async () => {
  const page = await open({ axe: true });
  await page.goto(`${url}/login`);
  await logIn(page, passphrase, 'vera');
  await page.getByRole('navigation').waitFor();
  const silent = [];
  for (const path of await pages()) {
    await page.goto(url + path);
    await page.getByRole('navigation').waitFor();
    const isOpen = await heading(page).or(page.getByRole('heading', { name: 'A permission is missing' })).first().textContent() !== 'A permission is missing';
    const mayGo = !/^\/(settings|sources\/new)/.test(path) || /audit|about/.test(path);
    if (isOpen !== mayGo) silent.push(path);
    if (!isOpen) await page.getByText(/This takes the permission “(admin|configure)”: \w+/).waitFor();
    assert.deepEqual(await barriers(page), [], path);
  }
  assert.deepEqual(silent, []);
  await leave(page, /40[13]/);

  const other = await enter('/settings/about', { axe: true });
  await answering(other, refusal(403, 'denied', 'not for you', 'Ask for the missing right.', {}, { permission: 'read' }));
  for (const path of await pages()) {
    await other.goto(url + path);
    await main(other).getByRole('alert').first().getByText('This takes the permission “read”: See everything').waitFor();
    assert.equal(await main(other).getByRole('button', { name: 'Try again' }).count(), 0, path);
    assert.deepEqual(await barriers(other), [], path);
  }
  await leave(other, /403/);
});

test('whoever asked too much waits as long as the server says, and not longer', async () => {
  const page = await enter('/settings/about', { axe: true });
  let asked = 0;
  const busy = await answering(page, (route) => {
    asked += route.request().url().includes('/v1/sources') ? 1 : 0;
    return refusal(429, 'throttled', 'too much', 'Wait.', { 'Retry-After': '4' })(route);
  });
  await page.goto(`${url}/reporters`);
  await main(page).getByText('The server takes no more from you for now. Wait 4 seconds.').waitFor();
  await page.goto(`${url}/settings/roles`);
  const begun = Date.now();
  await main(page).getByText('By itself in').waitFor();
  assert.deepEqual(await barriers(page), []);
  await busy();
  await main(page).getByRole('alert').waitFor({ state: 'detached' });
  assert.ok(Date.now() - begun > 3000, `${Date.now() - begun} ms`);
  assert.equal(asked, 0);
  await leave(page, /429/);
});

/** What is written on a page, and how it is sent: [path, a function that writes, one that sends, one that waits for what came of it]. */
const writings = [
  ['incident', async (page) => {
    await page.getByRole('tab', { name: 'Activity' }).click();
    await page.getByLabel('Comment', { exact: true }).fill('Half a thought');
  }, (page) => page.getByRole('button', { name: 'Add comment' }).click(), (page) => page.getByRole('tabpanel').getByText('Half a thought').waitFor()],
  ['/sources/1', (page) => page.getByLabel('Description').fill('Where people report'), (page) => page.getByRole('button', { name: 'Save' }).click(), (page) => page.locator('.toasts').getByText('Saved').waitFor()],
  ['/settings/email/1', (page) => page.getByLabel('Name', { exact: true }).fill('mail, renamed'), (page) => page.getByRole('button', { name: 'Save' }).click(), (page) => page.getByRole('heading', { name: 'mail, renamed' }).waitFor()],
];

test('a session that ends in the middle of a sentence loses nothing', async () => {
  for (const [where, write, send, came] of writings) {
    const page = await open({ axe: true });
    const path = where === 'incident' ? `/incidents/${await payroll()}` : where;
    await page.goto(url + path);
    await logIn(page);
    await isHere(page);
    await write(page);
    await page.context().clearCookies();
    await send(page);
    const door = page.getByRole('dialog', { name: 'Log in again' });
    await door.getByText('What you were doing is still here').waitFor();
    assert.equal(await door.getByLabel('User name').inputValue(), 'mara');
    await page.waitForFunction(() => document.activeElement?.getAttribute('type') === 'password');
    assert.deepEqual(await barriers(page), []);
    for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
    await door.waitFor();
    await logIn(page, 'four herons under water');
    await door.getByRole('alert').getByText('These do not fit together').waitFor();
    await logIn(page);
    await door.waitFor({ state: 'detached' });
    assert.equal(new URL(page.url()).pathname, path);
    await came(page);
    await leave(page, /401/);
  }
});

test('a session that ends while nobody does anything is noticed, and somebody else begins anew', async () => {
  const page = await open();
  await page.goto(`${url}/settings/about`);
  await logIn(page);
  await isHere(page);
  await page.context().clearCookies();
  const door = page.getByRole('dialog', { name: 'Log in again' });
  await page.reload();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await logIn(page);
  await isHere(page);
  assert.equal(new URL(page.url()).pathname, '/settings/about');
  await page.goto(`${url}/sources/1`);
  await isHere(page);
  await page.context().clearCookies();
  await door.waitFor(); // it asks how its source is doing every few seconds
  await logIn(page, passphrase, 'vera');
  await page.getByRole('button', { name: 'Vera Stille' }).waitFor();
  await isHere(page);
  assert.equal(new URL(page.url()).pathname, '/sources/1');
  await leave(page, /40[13]/);
});

/** What a page needs more than its window has; on a phone a long list is moved sideways under the finger. */
const tooWide = (page, width) => page.evaluate((boxes) => [document.documentElement, ...document.querySelectorAll(boxes)]
  .filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => `${box.className || box.tagName}: ${box.scrollWidth} > ${box.clientWidth}`), width > 1000 ? '.app-main, .grid' : '.app-main');

test('an incident that thirty thousand received opens, and names them in parts', async () => {
  const { incident } = await ask('hostile', { html: '<p>To everybody</p>', subject: 'All hands, all mailboxes' });
  await ask('crowd', { incident: incident.id, count: 30_000 });
  for (const width of [390, 1280, 1920]) {
    const page = await enter('/settings/about', { axe: true });
    await page.setViewportSize({ width, height: 844 });
    await page.goto(`${url}/incidents/${incident.id}`);
    await page.getByRole('tab', { name: 'Recipients' }).click();
    await page.getByText(/of 30,00/).waitFor();
    assert.ok(await page.getByRole('tabpanel').getByRole('row').count() < 200);
    assert.deepEqual(await tooWide(page, width), []);
    assert.deepEqual(await barriers(page), []);
    await page.getByRole('button', { name: /^Pull/ }).click();
    await page.getByRole('dialog').getByText(/30,00\d mailboxes are known to have it/).waitFor();
    assert.deepEqual(await barriers(page), []);
    await leave(page);
  }
});

const long = `Wilhelmine ${'Freifrau von und zu '.repeat(9)}`.trim();
const tall = 'Ǻ̷̢̛̖͓͇̱̍͐̈́̕'.repeat(9);

test('names and subjects as long and as strange as they may be leave every page usable', async () => {
  await ask('person', { name: 'wilhelmine', display_name: long, password: passphrase, role: 'administrator' });
  const { incident } = await ask('hostile', { html: '<p>Much ado</p>', subject: `${tall} ${'Donaudampfschiff'.repeat(40)}` });
  for (const [width, height] of [[390, 844], [1280, 800], [1920, 1080]]) {
    const page = await open({ axe: true, viewport: { width, height } });
    await page.goto(`${url}/incidents/${incident.id}`);
    await logIn(page, passphrase, 'wilhelmine');
    await isHere(page);
    if (width === 390) {
      await page.keyboard.press('a');
      await page.locator('.page-head').getByText('Wilhelmine').waitFor();
      assert.equal(await page.locator('.page-head').getByText('Wilhelmine').evaluate((one) => one.closest('[title]').title), long);
    }
    const bar = await page.getByRole('toolbar', { name: 'Decide' }).boundingBox();
    assert.ok(bar.y < height / 2, `the decisions are ${bar.y} px down`);
    const wide = [];
    for (const path of [`/incidents/${incident.id}`, ...await pages()]) {
      await page.goto(url + path);
      await isHere(page);
      wide.push(...(await tooWide(page, width)).map((line) => `${path}, ${width}: ${line}`));
      const high = (await page.locator('.app-bar').boundingBox()).height;
      if (high > 60) wide.push(`${path}, ${width}: a bar of ${high} px`);
      for (const barrier of await barriers(page)) wide.push(`${path}, ${width}: ${barrier}`);
    }
    assert.deepEqual(wide, []);
    // the whole is there for who stays on it
    await page.goto(`${url}/incidents/${incident.id}`);
    await isHere(page);
    assert.ok((await page.getByRole('heading', { level: 1 }).getAttribute('title')).length > 300);
    await page.getByRole('heading', { level: 1 }).focus();
    assert.ok(await page.getByRole('heading', { level: 1 }).evaluate((one) => one.scrollHeight <= one.clientHeight + 1), 'the whole subject is there for who has no mouse');
    await leave(page, /401/);
  }
});
