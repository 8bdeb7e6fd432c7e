// The queue: its order and reasons, filters as text, views and columns, many at once, and what happens meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barriers, enter, leave, url } from './world.mjs';

const rows = (page) => page.getByRole('grid', { name: 'Incidents' }).getByRole('row').filter({ has: page.getByRole('gridcell') });
const title = async (row) => (await row.getByRole('link').textContent()).trim();
const toast = (page, text) => page.locator('.toasts').getByText(text).first();
const field = (page) => page.getByRole('combobox', { name: 'Filter' });

/** Asks the API as the page itself would; anybody else's browser has no such cookie. */
const call = (page, method, path, body) => page.evaluate(async ([method, path, body]) => {
  const csrf = method === 'GET' ? '' : (await (await fetch('/v1/session')).json()).csrf;
  const answer = await fetch(`/v1${path}`, { method, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: body && JSON.stringify(body) });
  return answer.json();
}, [method, path, body]);
const get = (page, path) => call(page, 'GET', path);

async function filter(page, text) {
  await page.keyboard.press('/');
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

test('the queue begins with what needs a person, and says why', async () => {
  const page = await enter('/', { axe: true });
  await rows(page).first().waitFor();
  const { items } = await get(page, '/incidents?state=open&sort=need&limit=100');
  assert.ok(items.every((one, i) => i === 0 || items[i - 1].need >= one.need));
  assert.equal(await title(rows(page).first()), items[0].title);
  assert.ok(items.length > 5 && items[0].need > items[items.length - 1].need);
  const pulled = items.find((one) => one.need_reasons.includes('not_pulled'));
  await rows(page).filter({ hasText: pulled.title }).first().getByText('Not pulled').waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.goto(`${url}/incidents/${pulled.id}`);
  await page.getByRole('heading', { name: 'Why it needs you' }).waitFor();
  await page.getByText('Judged malicious, and its copies are still in the mailboxes').waitFor();
  await leave(page);
});

test('a filter completes itself and says what is wrong with it', async () => {
  const page = await enter('/', { axe: true });
  await rows(page).first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('is:all sev');
  await page.getByRole('option', { name: /^severity:/ }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  assert.equal(await field(page).inputValue(), 'is:all severity:');
  await page.keyboard.type('mod');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await field(page).inputValue(), 'is:all severity:moderate ');
  await page.keyboard.press('Enter');
  await page.waitForURL(/severity/);
  const { items } = await get(page, '/incidents?severity=moderate&limit=100');
  await page.waitForFunction((n) => document.querySelectorAll('.grid-row').length === n, Math.min(items.length, 20));
  for (const row of await rows(page).all()) await row.getByText('Moderate').first().waitFor();

  await filter(page, 'is:open colour:red severity:huge assignee:');
  const wrong = page.locator('.filter .wrong');
  await wrong.getByText('there is no such filter “colour:”').waitFor();
  await wrong.getByText('one of informational, minor, moderate, major, critical').waitFor();
  assert.equal(await wrong.count(), 3);
  assert.deepEqual(await barriers(page), []);
  await leave(page, /400/);
});

test('filters find by link, form, time, quarantine and reason', async () => {
  const page = await enter('/incidents?q=is%3Aall');
  await rows(page).first().waitFor();
  const { items } = await get(page, '/incidents?limit=100');
  const linked = [];
  for (const one of items) {
    const original = one.original_id ? await get(page, `/originals/${one.original_id}?bodies=false`) : null;
    const hosts = new Set((original?.breakdown.message?.links ?? []).map((link) => link.host).filter(Boolean));
    if (hosts.size) linked.push({ one, hosts });
  }
  const [host] = linked[0].hosts;
  const expected = linked.filter(({ hosts }) => hosts.has(host)).map(({ one }) => one.title);
  await filter(page, `is:all url:${host}`);
  await rows(page).filter({ hasText: expected[0] }).first().waitFor();
  await rows(page).nth(expected.length).waitFor({ state: 'detached' });
  assert.equal(await rows(page).count(), expected.length);
  const counted = async (text, wanted) => {
    await filter(page, text);
    await page.waitForURL((address) => address.searchParams.get('q') === text);
    if (wanted.length) await rows(page).filter({ hasText: wanted[0].title }).first().waitFor();
    else await page.getByText('No incident matches').waitFor();
    await rows(page).nth(wanted.length).waitFor({ state: 'detached' });
    assert.equal(await rows(page).count(), wanted.length, text);
  };
  await counted('is:all after:1d needs:unjudged', items.filter((one) => one.need_reasons.includes('unjudged')));
  await counted('is:all before:2001-01-01', []);
  await counted('is:closed closed:7d', items.filter((one) => one.state === 'closed'));
  await counted('is:all quarantined:yes', []);
  await counted('is:all form:xarf', []);
  await leave(page);
});

test('a view is saved, shared, chosen by the keyboard and deleted; columns stay as chosen', async () => {
  const page = await enter('/', { axe: true });
  await rows(page).first().waitFor();
  await filter(page, 'is:all verdict:malicious');
  await page.keyboard.press('w');
  const dialog = page.getByRole('dialog', { name: 'Save as a view' });
  await dialog.getByLabel('Name').fill('Phish');
  await dialog.getByLabel('Everybody sees it').check();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('Enter');
  await toast(page, 'Saved: Phish').waitFor();
  await page.getByRole('button', { name: 'Phish', pressed: true }).waitFor();
  const there = await rows(page).count();

  await page.goto(`${url}/incidents`);
  await rows(page).first().waitFor();
  await page.keyboard.press('v');
  await page.getByRole('dialog', { name: 'Views' }).getByRole('combobox').fill('phi');
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Phish', pressed: true }).waitFor();
  await page.waitForFunction((n) => document.querySelectorAll('.grid-row').length === n, there);

  await page.keyboard.press('o');
  await page.getByRole('dialog', { name: 'Columns' }).getByLabel('Alerts').uncheck();
  await page.getByRole('dialog', { name: 'Columns' }).getByLabel('Opened', { exact: true }).check();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('columnheader', { name: 'Opened' }).waitFor();
  await page.reload();
  await page.getByRole('columnheader', { name: 'Opened' }).waitFor();
  assert.equal(await page.getByRole('columnheader', { name: 'Alerts' }).count(), 0);
  await page.getByRole('button', { name: 'Needs a person' }).click();
  await page.getByRole('columnheader', { name: 'Alerts' }).waitFor();

  await page.keyboard.press('v');
  await page.getByRole('dialog', { name: 'Views' }).getByRole('combobox').fill('phi');
  await page.getByRole('dialog', { name: 'Views' }).getByRole('button', { name: 'Delete' }).click();
  await toast(page, 'Deleted: Phish').waitFor();
  await leave(page);
});

test('many are assigned, rated and closed at once; it is undone, and who was refused is told', async () => {
  const page = await enter('/', { axe: true });
  await rows(page).nth(3).waitFor();
  const names = [];
  for (let i = 0; i < 3; i++) {
    names.push(await title(rows(page).nth(i)));
    await page.keyboard.press('x');
    await page.keyboard.press('j');
  }
  await page.getByText('3 picked').waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('a');
  await page.getByRole('dialog', { name: /ssign/ }).getByRole('option').first().waitFor();
  await page.keyboard.press('Enter');
  await toast(page, '3 incidents').waitFor();
  for (let i = 0; i < 3; i++) await rows(page).nth(i).getByText('Mara Lindqvist').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  for (let i = 0; i < 3; i++) await rows(page).nth(i).getByText('Mara Lindqvist').waitFor({ state: 'detached' });

  const before = await Promise.all([0, 1, 2].map((i) => rows(page).nth(i).getByRole('gridcell').nth(1).textContent()));
  await page.keyboard.press('5');
  for (let i = 0; i < 3; i++) await rows(page).nth(i).getByText('Critical').first().waitFor();
  assert.deepEqual(await Promise.all([0, 1, 2].map((i) => title(rows(page).nth(i)))), names); // nothing moved
  await page.getByRole('button', { name: 'Undo' }).last().click();
  for (let i = 0; i < 3; i++) await rows(page).nth(i).getByRole('gridcell').nth(1).getByText(before[i]).waitFor();

  // One of them is closed by somebody else in the very moment: that one is refused, the others are closed.
  const { items } = await get(page, '/incidents?state=open&sort=need&limit=100');
  const other = items.find((one) => one.title === names[1]);
  await page.route('**/v1/events', (route) => route.abort());
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Close 3 incidents' });
  await dialog.getByLabel('Reason').fill('all seen');
  assert.equal((await call(page, 'POST', `/incidents/${other.id}/close`, { reason: 'first' })).state, 'closed');
  await page.keyboard.press('Enter');
  const refused = page.getByRole('dialog', { name: '1 incident was left as they are' });
  await refused.getByText('this incident is closed already').waitFor();
  assert.deepEqual(await barriers(page), []);
  await refused.locator('.dialog-body').getByRole('button', { name: 'Close' }).click();
  await toast(page, 'Closed: 2 incidents').waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.waitForFunction(async () => (await (await fetch('/v1/incidents?state=open&limit=100')).json()).items.length > 0);
  await leave(page, /event|ERR_FAILED|40[09]/);
});

test('what changes elsewhere changes in its row, and moves neither row nor cursor', async () => {
  const page = await enter();
  await rows(page).nth(4).waitFor();
  for (let i = 0; i < 3; i++) await page.keyboard.press('j');
  const order = await Promise.all((await rows(page).all()).map(title));
  const under = await title(page.locator('.grid-row.cursor'));
  const { items } = await get(page, '/incidents?state=open&sort=need&limit=100');
  const last = items[items.length - 1];
  assert.equal((await call(page, 'PATCH', `/incidents/${last.id}`, { severity: 'critical', disposition: 'malicious' })).severity, 'critical');
  await page.locator(`#row-${last.id}`).getByText('Critical').first().waitFor();
  assert.deepEqual(await Promise.all((await rows(page).all()).map(title)), order);
  assert.equal(await title(page.locator('.grid-row.cursor')), under);
  assert.equal((await call(page, 'POST', `/incidents/${last.id}/close`, { reason: 'elsewhere' })).state, 'closed');
  await page.locator(`#row-${last.id}.gone`).waitFor();
  assert.deepEqual(await Promise.all((await rows(page).all()).map(title)), order);
  await call(page, 'POST', `/incidents/${last.id}/reopen`, {});
  await leave(page);
});

test('several are pulled at once, and Undo puts them back when the pull is over', async () => {
  const page = await enter();
  await rows(page).nth(4).waitFor();
  const { items } = await get(page, '/incidents?state=open&sort=need&limit=100');
  const some = items.filter((one) => one.original_id && one.kind === 'reported_mail' && one.alert_count > 1).slice(0, 2);
  for (const one of some) await page.locator(`#row-${one.id}`).getByRole('checkbox').check();
  await page.keyboard.press('q');
  await page.getByRole('dialog', { name: 'Pull 2 incidents' }).getByRole('button', { name: 'Pull' }).click();
  await toast(page, 'Pulling: 2 incidents').waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await toast(page, 'Putting back: 2 incidents').waitFor();
  let restored = 0;
  for (const one of some) {
    let back;
    let pull;
    const over = () => pull?.state === 'done' && (!pull.counts.success || back?.state === 'done');
    for (let i = 0; i < 600 && !over(); i++) {
      await page.waitForTimeout(100);
      const { items: responses } = await get(page, `/incidents/${one.id}/responses`);
      pull = responses.find((response) => response.kind === 'quarantine');
      back = responses.find((response) => response.of_response === pull?.id);
    }
    assert.ok(over(), JSON.stringify([pull, back]));
    if (!pull.counts.success) continue; // nobody had it: nothing to put back
    assert.deepEqual([back.kind, back.counts.success], ['restore', pull.counts.success]);
    restored++;
  }
  assert.ok(restored > 0);
  await leave(page);
});

test('a window that is to put back what is still being pulled asks before it closes', async () => {
  const page = await enter();
  await rows(page).nth(4).waitFor();
  const { items } = await get(page, '/incidents?state=open&sort=need&limit=100');
  const one = items.find((row) => row.title.includes('Action required'));
  let over = false;
  await page.route(/\/v1\/responses\/\d+$/, async (route) => {
    const answer = await route.fetch();
    const pull = await answer.json();
    await route.fulfill({ response: answer, json: over ? pull : { ...pull, state: 'running' } });
  });
  await page.locator(`#row-${one.id}`).getByRole('checkbox').check();
  await page.keyboard.press('q');
  await page.getByRole('dialog').getByRole('button', { name: 'Pull' }).click();
  await toast(page, 'Pulling').waitFor();
  const waits = page.waitForResponse(/\/v1\/responses\/\d+$/);
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await waits;
  const asked = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  const question = await asked;
  assert.equal(question.type(), 'beforeunload');
  await question.dismiss();

  const restore = page.waitForResponse((answer) => answer.request().method() === 'POST' && /\/responses$/.test(answer.url()));
  over = true;
  assert.equal((await (await restore).json()).kind, 'restore');
  page.on('dialog', () => assert.fail('nothing is waited for any more'));
  const closed = page.waitForEvent('close');
  await page.close({ runBeforeUnload: true });
  await closed;
});
