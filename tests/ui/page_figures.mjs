// Figures of pages in Chromium: what the first load costs, when it can be used with a slow processor, how much moves while a page
// loads, a filter over a hundred thousand incidents, an incident with ten thousand alerts. Asserts nothing of time or size;
// tests/bench/run pages shows what came out.
import { test } from 'node:test';
import { ask, browser, enter, open, passphrase, setup, url } from './world.mjs';

const percentile = (all, p) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * p))];
const pages = ['/incidents', '/alerts', '/search', '/search?q=salary', '/reporters', '/reports', '/sources', '/sources/new', '/sources/1', '/settings/email', '/settings/email/new?kind=imap',
  '/settings/email/1', '/settings/users', '/settings/sign-on', '/settings/roles', '/settings/vips', '/settings/keys', '/settings/audit', '/settings/backup',
  '/settings/about', '/account'];

const devices = { desktop: { width: 1366, height: 768 }, phone: { width: 390, height: 844 } };

async function begin() {
  const page = await open();
  await page.goto(setup);
  await page.getByLabel('User name').fill('mara');
  await page.getByLabel('Your name').fill('Mara Lindqvist');
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByLabel('Passphrase, again').fill(passphrase);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('navigation').waitFor();
  await page.context().close();
}

/** A window with nothing in its cache; @slow: how many times slower its processor is; @until: what the page says when it is
 *  ready, for whoever looks into a page that is being made slows it down. */
async function fresh(path, { slow = 1, before, until, viewport, ...options } = {}) {
  const page = await enter('/settings/about', options);
  if (viewport) await page.setViewportSize(viewport);
  const tools = await page.context().newCDPSession(page);
  await tools.send('Network.enable');
  await tools.send('Network.clearBrowserCache');
  if (slow > 1) await tools.send('Emulation.setCPUThrottlingRate', { rate: slow });
  if (before) await page.addInitScript(before);
  const said = until && page.waitForEvent('console', (message) => message.text() === until);
  await page.goto(`${url}${path}`, until ? { waitUntil: 'commit' } : {});
  await said;
  return { page, tools };
}

/** What is sent for the console itself, as it is on the wire. */
async function weight() {
  const page = await enter('/settings/about');
  const tools = await page.context().newCDPSession(page);
  await tools.send('Network.enable');
  await tools.send('Network.clearBrowserCache');
  const named = new Map();
  let own = 0, data = 0;
  tools.on('Network.requestWillBeSent', (event) => named.set(event.requestId, new URL(event.request.url).pathname));
  tools.on('Network.loadingFinished', (event) => (named.get(event.requestId)?.startsWith('/v1/') ? (data += event.encodedDataLength) : (own += event.encodedDataLength)));
  await page.goto(url);
  await page.locator('.grid-row').first().waitFor();
  await page.waitForTimeout(500);
  await page.context().close();
  return { own, data };
}

/** Milliseconds until the first rows are there and a key is taken. */
async function interactive(slow) {
  const { page } = await fresh('/', { slow, until: 'usable', before: () => {
    const look = () => {
      if (document.querySelector('.grid-row.cursor')) {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true }));
        requestAnimationFrame(() => {
          if (document.querySelectorAll('.grid-row')[1]?.classList.contains('cursor')) {
            window.usable ??= performance.now();
            console.debug('usable');
          }
          else requestAnimationFrame(look);
        });
      } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  } });
  const took = await page.evaluate(() => window.usable);
  await page.context().close();
  return took;
}

/** How much of a page moves while it loads (layout shift, of the whole screen), and what. */
async function shifts(path, device) {
  const { page } = await fresh(path, { viewport: devices[device], before: () => {
    window.moved = [];
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) window.moved.push({ value: one.value, what: one.sources.map((source) => source.node?.nodeType === 1 ? source.node.outerHTML.slice(0, 90) : String(source.node?.textContent).slice(0, 40)) });
    }).observe({ type: 'layout-shift', buffered: true });
  } });
  await page.waitForTimeout(1200);
  const moved = await page.evaluate(() => window.moved);
  await page.context().close();
  return { path, device, value: moved.reduce((sum, one) => sum + one.value, 0), what: moved.flatMap((one) => one.what).slice(0, 4) };
}

async function filters(page) {
  const texts = ['is:open parcel 4711', 'is:open severity:>=minor', 'is:all sort:newest', 'is:open assignee:none parcel', 'is:open'];
  const took = [];
  for (let round = 0; round < 4; round++)
    for (const text of texts) {
      await page.getByRole('combobox', { name: 'Filter' }).fill(text);
      await page.keyboard.press('Escape');
      took.push(await page.evaluate(async () => {
        const rows = () => document.querySelector('.grid-space')?.textContent;
        document.querySelector('.grid-row')?.setAttribute('data-old', '1');
        const begun = performance.now();
        document.querySelector('[role=combobox]').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
        for (;;) {
          await new Promise((resolve) => requestAnimationFrame(resolve));
          if (document.querySelector('.grid-row') && !document.querySelector('[data-old]') && rows()) return performance.now() - begun;
          if (performance.now() - begun > 5000) return Infinity;
        }
      }));
      await page.waitForTimeout(150);
    }
  return took;
}

/** From the key in the queue until verdict bar, message and what is known of the mailboxes are there. */
async function opens(page, title) {
  const took = [];
  for (let i = 0; i < 10; i++) {
    await page.goto(`${url}/incidents?q=${encodeURIComponent(`is:all "${title}"`)}`);
    await page.locator('.grid-row').first().waitFor();
    await page.waitForTimeout(200);
    took.push(await page.evaluate(async () => {
      const begun = performance.now();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
      while (!document.querySelector('.verdicts') || !document.querySelector('iframe') || !/10,0\d\d/.test(document.querySelector('aside')?.textContent ?? ''))
        await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - begun;
    }));
  }
  return took;
}

test('figures', async () => {
  await begin();
  const { incidents } = await ask('source_added');
  const big = incidents.find((one) => one.original_id);
  const moved = [];
  for (const device of Object.keys(devices)) for (const path of [...pages, `/incidents/${big.id}`]) moved.push(await shifts(path, device));
  const first = await weight();
  const slow = [];
  for (let i = 0; i < 5; i++) slow.push(await interactive(4));
  await ask('many', { count: 100_000 });
  const slowMany = [];
  for (let i = 0; i < 5; i++) slowMany.push(await interactive(4));
  await ask('crowd', { incident: big.id, count: 10_000 });
  const page = await enter();
  await page.locator('.grid-row').nth(10).waitFor();
  const filtered = await filters(page);
  const opened = await opens(page, big.title);
  await page.context().close();
  console.log(`FIGURES ${JSON.stringify({ first, slow: percentile(slow, 0.5), slowMany: percentile(slowMany, 0.5), filtered: [0.5, 0.99].map((p) => percentile(filtered, p)),
    opened: [0.5, 0.99].map((p) => percentile(opened, p)), moved, version: browser.version() })}`);
});
