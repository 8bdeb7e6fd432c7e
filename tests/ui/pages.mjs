// Every page, as it stands in the navigation: that nobody is kept out of it (WCAG 2.2 AA, by axe and by the keyboard), in light and
// in dark, and that its policy has nothing to stop. A page that is added to the table is looked at by itself.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { account, ask, barriers, enter, here, leave, open, setup, url } from './world.mjs';

const pictures = process.env.TRAWL_PICTURES ? join(here, '..', '..', 'docs', 'images', 'console') : null;
if (pictures) mkdirSync(pictures, { recursive: true });

/** Until nothing is on its way any more; the stream of events never ends, so the network says nothing of it. */
const quiet = async (page) => {
  await page.locator('.wait').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(200);
};

/** What each page may be brought into: [name, path or null for a page of the navigation, what to do there]. */
const states = [
  ['login', null, null],
  ['incidents', '/incidents', (page) => page.getByRole('row').nth(3).waitFor()],
  ['incidents-none', '/incidents?q=no-such-words', (page) => page.getByRole('heading', { name: 'No incident matches' }).waitFor()],
  ['keyboard', '/incidents', async (page) => {
    await page.getByRole('row').nth(3).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  }],
  ['account-menu', '/incidents', async (page) => {
    await page.getByRole('button', { name: 'Mara Lindqvist' }).click();
    await page.getByLabel('Appearance').waitFor();
  }],
  ['incident', 'incident', (page) => page.frameLocator('iframe').locator('body').getByText(/salary/).first().waitFor()],
  ...['Text', 'Links', 'Attachments', 'Headers', 'Findings'].map((tab) => [`incident-${tab.toLowerCase()}`, 'incident', async (page) => {
    await page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
    await page.getByRole('tab', { name: new RegExp(`^${tab}`), selected: true }).waitFor();
  }]),
  ...['Recipients', 'Reports', 'Activity'].map((tab) => [`incident-${tab.toLowerCase()}`, 'incident', async (page) => {
    await page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
    await page.getByRole('tab', { name: new RegExp(`^${tab}`), selected: true }).waitFor();
  }]),
  ['incident-pull', 'incident', async (page) => {
    await page.getByRole('button', { name: /^Pull/ }).click();
    await page.getByRole('dialog').waitFor();
  }],
  ['incident-assign', 'incident', async (page) => {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Assign…/ }).click();
    await page.getByRole('dialog').getByRole('option').first().waitFor();
  }],
  ['search', '/search?q=salary+account', (page) => page.locator('.hit').first().waitFor()],
  ['search-none', '/search?q=no-such-words', (page) => page.getByRole('heading', { name: 'No incident has that' }).waitFor()],
  ['search-wrong', '/search?q=sender:ann', (page) => page.getByRole('alert').waitFor()],
  ['search-help', '/search', quiet],
  ['source-new', '/sources/new', quiet],
  ['source', '/sources/1', (page) => page.getByRole('img', { name: 'Last polls' }).waitFor()],
  ['mail-server-new', '/settings/email/new', quiet],
  ['mail-server', '/settings/email/1', quiet],
  ['sign-on-new', '/settings/sign-on/new?kind=oidc', quiet],
  ['sign-on', '/settings/sign-on/1', quiet],
  ['nowhere', '/nowhere', (page) => page.getByRole('heading', { name: 'There is no such page' }).waitFor()],
];

async function payroll() {
  const { incidents } = await ask('incidents');
  return `/incidents/${incidents.find((one) => /Action required/.test(one.title)).id}`;
}

/** The navigation's own pages that the table above does not have. */
async function others() {
  const page = await enter();
  const paths = await page.getByRole('navigation').getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  await leave(page);
  return paths.filter((path) => !states.some(([, known]) => known === path)).map((path) => [path.slice(1).replaceAll('/', '-'), path, quiet]);
}

/** Colours are all that differs in the dark. */
const schemes = [['light', undefined], ['dark', { type: 'rule', values: ['color-contrast'] }]];

for (const [colorScheme, rules] of schemes)
  test(`no page in ${colorScheme} keeps anybody out, and none breaks its policy`, async (t) => {
    const options = { colorScheme, axe: true };
    const inside = await enter('/', options);
    const outside = await open(options);
    await outside.goto(`${url}/login`);
    const incident = await payroll();
    let before = null;
    for (const [name, path, prepare] of [...states, ...await others()])
      await t.test(`${name}, ${colorScheme}`, async () => {
        const page = path === null ? outside : inside;
        if (path === null) await page.getByLabel('Passphrase').waitFor();
        else {
          // a tab is a click away, anything else begins anew
          if (path !== before || path !== 'incident') await page.goto(url + (path === 'incident' ? incident : path));
          await page.getByRole('navigation').waitFor();
          await prepare(page);
          before = path;
        }
        assert.deepEqual(await barriers(page, rules), []);
        if (pictures) {
          await quiet(page);
          await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`), caret: 'initial', animations: 'allow', scale: 'css' });
        }
        await account(page, /40[014]/);
      });
    await leave(inside);
    await leave(outside, /401/);
  });

test('the keyboard reaches every control of a page and shows where it is', async (t) => {
  for (const [name, path] of [['login', null], ['setup', null], ['incidents', '/incidents'], ['incident', await payroll()], ...await others()])
    await t.test(name, async () => {
      const page = path ? await enter(path) : await open();
      if (!path) await page.goto(name === 'setup' ? setup : `${url}/login`);
      await (path ? page.getByRole('heading', { level: 1 }) : page.getByLabel('User name')).first().waitFor();
      await quiet(page);
      await page.evaluate(() => document.activeElement?.blur?.());
      const wanted = await page.evaluate(() => {
        let n = 0;
        for (const element of document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')) {
          // of a set of tabs only one is a stop, the arrows do the rest; rows of a grid are reached by its own keys
          if (element.disabled || element.tabIndex < 0 || !element.checkVisibility()) continue;
          element.dataset.wanted = String(++n);
        }
        return n;
      });
      const reached = new Set();
      const unseen = [];
      for (let i = 0; i < 3 * wanted + 10 && reached.size < wanted; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element?.dataset.wanted) return null;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          const box = element.getBoundingClientRect();
          return { wanted: element.dataset.wanted, seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && box.width > 0 && box.top >= 0 && box.top < innerHeight, html: element.outerHTML.slice(0, 120) };
        });
        if (at && !at.seen) unseen.push(at.html);
        if (at) reached.add(at.wanted);
      }
      const missed = await page.evaluate((numbers) => [...document.querySelectorAll('[data-wanted]')].filter((one) => !numbers.includes(one.dataset.wanted)).map((one) => one.outerHTML.slice(0, 120)), [...reached]);
      assert.deepEqual(missed, []);
      assert.deepEqual(unseen, []);
      await leave(page, /40[14]/);
    });
});

/** What a page needs more than its window has, of itself or of a grid in it: nothing, where everything fits. */
const tooWide = (page) => page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.app-main, .grid')]
  .filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => `${box.className || box.tagName}: ${box.scrollWidth} > ${box.clientWidth}`));

test('no page is wider than a small laptop, nor than a phone', async () => {
  const incident = await payroll();
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    const page = await enter('/', { viewport: { width: 1280, height } });
    await page.setViewportSize({ width, height });
    const wide = [];
    for (const [name, path] of [['incidents', '/incidents'], ['incident', incident], ...states.filter(([, known]) => known?.startsWith('/s')), ...await others()]) {
      await page.goto(url + path);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await quiet(page);
      // on a phone a long list is moved sideways under the finger
      wide.push(...(await tooWide(page)).filter((line) => width > 1000 || !line.startsWith('grid')).map((line) => `${name}, ${width}: ${line}`));
    }
    assert.deepEqual(wide, []);
    await leave(page, /40[04]/);
  }
});

test('a subject as long as it may be, of words as long as that, leaves the page usable', async () => {
  const { incident } = await ask('hostile', { html: '<p>Much ado</p>', subject: `${'Donaudampfschiff'.repeat(60)} \u202eexe.fdp\u202c ${'<b>loud</b> '.repeat(300)}` });
  const page = await enter(`/incidents/${incident.id}`, { viewport: { width: 1280, height: 800 } });
  const bar = await page.getByRole('toolbar', { name: 'Decide' }).boundingBox();
  assert.ok(bar.y < 400, `the decisions are ${bar.y} px down`);
  assert.deepEqual(await tooWide(page), []);
  await page.goto(`${url}/search?q=Much+ado`);
  await page.goto(`${url}/incidents?q=is%3Aall`);
  await page.getByRole('row').nth(3).waitFor();
  assert.deepEqual(await tooWide(page), []);
  await leave(page);
});

test('whatever the audit log has is said in words', async () => {
  const page = await enter('/settings/audit');
  await page.getByRole('row').nth(3).waitFor();
  const actions = await page.evaluate(async () => {
    const seen = new Set();
    for (let after = 0; ;) {
      const { items } = await (await fetch(`/v1/activity?limit=500&after=${after}`)).json();
      for (const one of items) seen.add(one.action);
      if (!items.length) return [...seen];
      after = items[items.length - 1].seq;
    }
  });
  assert.ok(actions.length > 20, `${actions.length} actions`);
  const bare = [];
  for (const action of actions) {
    await page.getByRole('combobox', { name: 'Filter' }).fill(`action:${action} `);
    await page.keyboard.press('Enter');
    const named = page.locator(`.grid-row [title="${action}"]`).first();
    await named.waitFor();
    if ((await named.textContent()) === action) bare.push(action);
  }
  assert.deepEqual(bare, []);
  await leave(page);
});
