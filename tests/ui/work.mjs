// The console at work: from the first day to an incident that is pulled, put back and closed. What a person sees and does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, barriers, enter, leave, logIn, open, passphrase, setup, url } from './world.mjs';

const rows = (page) => page.getByRole('grid', { name: 'Incidents' }).getByRole('row').filter({ has: page.getByRole('gridcell') });
const current = (page) => page.locator('.grid-row.cursor');
const title = async (page) => (await current(page).getByRole('link').textContent()).trim();
const toast = (page, text) => page.locator('.toasts').getByText(text).first();

test('the link that the daemon printed makes the first administrator, once', async () => {
  const page = await open({ axe: true });
  await page.goto(setup);
  await page.getByLabel('User name').fill('mara');
  await page.getByLabel('Your name').fill('Mara Lindqvist');
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByLabel('Passphrase, again').fill('four herons');
  await page.getByText('The two are different').waitFor();
  assert.deepEqual(await barriers(page), []);
  assert.ok(await page.getByRole('button', { name: 'Begin' }).isDisabled());
  await page.getByLabel('Passphrase, again').fill(passphrase);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('heading', { name: 'Three steps to the first incident' }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await leave(page, /401/);

  const second = await open();
  await second.goto(setup);
  for (const [label, words] of [['User name', 'eve'], ['Passphrase, again', passphrase]]) await second.getByLabel(label).fill(words);
  await second.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await second.getByRole('button', { name: 'Begin' }).click();
  await second.getByRole('alert').getByText('This link has been used').waitFor();
  await leave(second, /401/);
});

test('one logs in, not with a wrong passphrase, and out again', async () => {
  const page = await open();
  await page.goto(`${url}/incidents`);
  await logIn(page, 'four herons under water');
  await page.getByRole('alert').getByText('These do not fit together').waitFor();
  await logIn(page);
  await page.getByRole('button', { name: 'Mara Lindqvist' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  assert.equal((await page.request.get(`${url}/v1/session`)).status(), 401);
  await leave(page, /401/);
});

test('the session is in a cookie that no script, no other site and no plain connection gets', async () => {
  const page = await open();
  await page.goto(`${url}/login`);
  const answered = page.waitForResponse((response) => response.url() === `${url}/v1/session` && response.request().method() === 'POST');
  await logIn(page);
  const set = (await (await answered).allHeaders())['set-cookie'];
  assert.match(set, /^__Host-/);
  assert.deepEqual(['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/'].filter((word) => !set.split('; ').includes(word)), []);
  await page.getByRole('navigation').waitFor();
  assert.equal(await page.evaluate(() => document.cookie), '');
  await leave(page, /401/);
});

test('ten incidents are judged by the keyboard alone', async () => {
  const { incidents } = await ask('source_added');
  const page = await enter();
  await rows(page).first().waitFor();
  const there = await rows(page).count();
  assert.equal(there, incidents.length);
  const verdicts = [['m', 'Malicious'], ['u', 'Suspicious'], ['p', 'Spam'], ['b', 'Bulk'], ['l', 'Low Risk'], ['n', 'Known Good']];
  for (let i = 0; i < Math.min(10, there); i++) {
    const [key, words] = verdicts[i % verdicts.length];
    await page.keyboard.press(key);
    await current(page).getByText(words).waitFor();
    await page.keyboard.press('j');
  }
  const last = await title(page);
  await page.keyboard.press('k');
  assert.notEqual(await title(page), last);
  await leave(page);
});

test('several are picked and closed at once, and the filter finds them', async () => {
  const page = await enter();
  await rows(page).first().waitFor();
  await page.keyboard.press('j');
  const names = [await title(page)];
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  names.push(await title(page));
  await page.keyboard.press('x');
  await page.getByText('2 picked').waitFor();
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Close 2 incidents' });
  await dialog.getByLabel('Reason').fill('seen, harmless');
  await page.keyboard.press('Enter');
  await toast(page, 'Closed').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('is:closed');
  await page.keyboard.press('Enter');
  for (const name of names) await rows(page).filter({ hasText: name }).first().waitFor();
  await rows(page).nth(2).waitFor({ state: 'detached' });
  assert.equal(await rows(page).count(), 2);
  assert.match(page.url(), /\?q=is%3Aclosed$/);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).getByText('Pick or unpick').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await leave(page);
});

test('words of a title and a least severity are filters', async () => {
  const page = await enter('/incidents?q=is%3Aall');
  await rows(page).first().waitFor();
  const all = await rows(page).count();
  await rows(page).filter({ hasText: 'Action required' }).first().getByRole('link').click();
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
  await page.getByLabel('Severity').selectOption('critical');
  await saved;
  await page.goto(`${url}/incidents?q=is%3Aall+severity%3A%3E%3Dmajor`);
  await rows(page).filter({ hasText: 'Action required' }).waitFor();
  assert.equal(await rows(page).count(), 1);
  await page.goto(`${url}/incidents?q=is%3Aall+action`);
  await rows(page).filter({ hasText: 'Action required' }).first().waitFor();
  assert.ok(await rows(page).count() < all);
  await leave(page);
});

test('an incident is pulled, put back, closed and opened again', async () => {
  const page = await enter();
  await rows(page).filter({ hasText: 'Action required' }).first().getByRole('link').click();
  await page.getByRole('toolbar', { name: 'Decide' }).waitFor();
  await page.frameLocator('iframe').locator('body').getByText(/salary/).first().waitFor();
  await page.getByRole('tab', { name: /^Recipients/ }).click();
  const copies = page.getByRole('tabpanel').getByRole('row');
  await copies.filter({ hasText: 'Not touched' }).first().waitFor();
  for (const [key, button, state] of [['q', 'Pull', 'Pulled'], ['r', 'Put back', 'Put back']]) {
    await page.keyboard.press(key);
    await page.getByRole('dialog').getByRole('button', { name: button }).click();
    await copies.filter({ hasText: state }).nth(3).waitFor();
    await page.getByRole('progressbar', { name: button }).waitFor();
    if (key === 'q') await page.getByText('Every copy that was found is gone from the mailboxes').waitFor();
  }
  // now it is as if nothing had been pulled
  await page.getByRole('heading', { name: 'Before you pull' }).waitFor();
  await page.getByRole('toolbar').getByRole('button', { name: /^Put back/ }).waitFor({ state: 'detached' });
  await page.keyboard.press('e');
  await page.getByRole('dialog').getByLabel('Reason').fill('all is well');
  await page.keyboard.press('Enter');
  await page.locator('.page-head').getByText('Closed').waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.locator('.page-head').getByText('Closed').waitFor({ state: 'detached' });
  await page.keyboard.press('e');
  await page.getByRole('dialog').getByLabel('Reason').fill('all is well');
  await page.keyboard.press('Enter');
  await page.locator('.page-head').getByText('Closed').waitFor();
  await page.keyboard.press('e');
  await page.getByRole('dialog').getByRole('button', { name: 'Open again' }).click();
  await page.locator('.page-head').getByText('Closed').waitFor({ state: 'detached' });
  await leave(page);
});

test('what is refused in a dialog is said in the dialog, which stays', async () => {
  const page = await enter('/', { axe: true });
  await rows(page).filter({ hasText: 'Action required' }).first().getByRole('link').click();
  await page.getByRole('toolbar', { name: 'Decide' }).waitFor();
  await page.route('**/v1/incidents/*/responses', (route) => (route.request().method() === 'POST'
    ? route.fulfill({ status: 403, contentType: 'application/problem+json', json: { status: 403, code: 'denied', detail: 'Pulling is stopped', remedy: 'Ask an administrator' } }) : route.continue()));
  await page.keyboard.press('q');
  const dialog = page.getByRole('dialog', { name: 'Pull from all mailboxes' });
  await dialog.getByRole('button', { name: 'Pull' }).click();
  await dialog.getByText('Pulling is stopped. Ask an administrator').waitFor();
  assert.deepEqual(await barriers(page), []);
  await dialog.locator('.toasts').getByRole('button', { name: 'Close' }).click(); // nothing behind the dialog could be reached
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await leave(page, /403/);
});

test('an incident names the others of its sender', async () => {
  const said = { html: '<p>One and the same</p>' };
  const { incident: first } = await ask('hostile', { ...said, subject: 'One of two' });
  const { incident: second } = await ask('hostile', { ...said, subject: 'Two of two' });
  const page = await enter(`/incidents/${second.id}`);
  const others = page.getByRole('region', { name: 'Of the same sender' });
  // what is new is found within seconds
  for (let i = 0; i < 120 && !(await others.count()); i++) {
    await page.waitForTimeout(500);
    await page.reload();
    await page.getByRole('heading', { name: 'Sender and links' }).waitFor();
    await page.getByText('No other incident of this sender').or(others).first().waitFor();
  }
  await others.getByRole('link', { name: `#${first.id} One of two` }).click();
  await page.getByRole('heading', { name: 'One of two' }).waitFor();
  await leave(page);
});

test('an incident whose Message-ID is another message’s, too, leads to that one’s', async () => {
  const page = await enter();
  const [one, other] = await page.evaluate(async () => {
    const { items } = await (await fetch('/v1/incidents?limit=100')).json();
    const all = await Promise.all(items.map(async ({ id }) => (await fetch(`/v1/incidents/${id}`)).json()));
    return all.filter(({ findings }) => findings.some(({ incident_id }) => incident_id)).map(({ id }) => id);
  });
  for (const [here, there] of [[one, other], [other, one]]) {
    await page.goto(`${url}/incidents/${here}`);
    await page.getByRole('complementary').getByRole('link', { name: `incident ${there}`, exact: true }).click();
    await page.waitForURL(`${url}/incidents/${there}`);
  }
  await leave(page);
});

test('an incident is talked about, and what is said is only text', async () => {
  const page = await enter();
  await rows(page).filter({ hasText: 'Action required' }).first().getByRole('link').click();
  await page.getByRole('toolbar', { name: 'Decide' }).waitFor();
  const other = await enter(new URL(page.url()).pathname);
  await page.keyboard.press('c');
  const field = page.getByLabel('Comment', { exact: true });
  await field.waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
  const words = 'Same as <b>last</b> week: <img src=x onerror="alert(1)"> http://evil.example/ [x](javascript:alert(1))\n\u202edesrever';
  await page.keyboard.insertText(words);
  await page.keyboard.press('Control+Enter');
  const comment = page.getByRole('article', { name: 'Comment of' });
  await comment.waitFor();
  assert.equal(await comment.locator('.said').textContent(), words);
  assert.equal(await comment.locator('a, img, b, script').count(), 0);
  assert.equal(await field.inputValue(), '');
  // somebody else's window has it without being asked
  await other.getByRole('complementary').getByText('Same as <b>last</b> week').waitFor();
  await comment.getByRole('button', { name: 'Edit' }).click();
  await comment.getByLabel('Change the comment').fill('Seen last week, too');
  await comment.getByRole('button', { name: 'Save' }).click();
  await comment.getByText('changed').waitFor();
  await other.getByRole('complementary').getByText('Seen last week, too').waitFor();
  await comment.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await comment.getByText('This comment was deleted').waitFor();
  await other.getByText('Seen last week, too').waitFor({ state: 'detached' });
  await leave(other);
  await leave(page);
});

test('an incident is assigned to somebody whose name is half known, and given back', async () => {
  const page = await enter();
  const made = await page.evaluate(async () => {
    const { csrf } = await (await fetch('/v1/session')).json();
    const make = (name, display_name) => fetch('/v1/users', { method: 'POST', headers: { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' }, body: JSON.stringify({ name, display_name, role: 'analyst' }) });
    return [(await make('rene', 'René Ångström')).status, (await make('renate', 'Renate Vogel')).status];
  });
  assert.deepEqual(made, [201, 201]);
  await page.reload();
  await rows(page).filter({ hasText: 'Action required' }).first().getByRole('link').click();
  await page.getByRole('toolbar', { name: 'Decide' }).waitFor();
  const head = page.locator('.page-head');
  await page.keyboard.press('a');
  await head.getByText('Mara Lindqvist').waitFor();
  await page.keyboard.press('Shift+A');
  const dialog = page.getByRole('dialog', { name: 'Assign to' });
  await dialog.getByRole('option', { name: 'Nobody' }).waitFor();
  await page.keyboard.type('angstr');
  await dialog.getByRole('option', { name: 'René Ångström' }).waitFor();
  assert.equal(await dialog.getByRole('option').count(), 1);
  await page.keyboard.press('Enter');
  await head.getByText('René Ångström').waitFor();
  await page.keyboard.press('Shift+A');
  await dialog.getByRole('option', { name: 'Nobody' }).waitFor();
  await page.keyboard.type('ren');
  await page.keyboard.press('ArrowDown');
  const second = await dialog.getByRole('option', { selected: true }).textContent();
  await page.keyboard.press('Enter');
  await head.getByText(/Renate Vogel|René Ångström/).waitFor();
  assert.match(second, /Ren/);
  await page.keyboard.press('Shift+A');
  await dialog.getByRole('option', { name: 'Nobody' }).click();
  await head.getByText(/Renate Vogel|René Ångström/).waitFor({ state: 'detached' });
  await leave(page);
});

test('what messages say is searched, and shown as the text it is', async () => {
  const { incident } = await ask('hostile', { subject: 'Parcel <i>waits</i>', html: '<p>Pay the zollgebuehr at <b>&lt;img src=x onerror=alert(1)&gt;</b> now</p>' });
  const page = await enter();
  await page.keyboard.press('s');
  await page.waitForFunction(() => document.activeElement?.getAttribute('type') === 'search');
  await page.keyboard.type('zollgebuehr');
  await page.keyboard.press('Enter');
  const hit = page.locator('.hit').filter({ hasText: incident.title });
  // what is new is found within seconds
  for (let i = 0; i < 120 && !(await hit.count()); i++) {
    await page.waitForTimeout(500);
    await page.reload();
    await page.locator('.hit, .empty').first().waitFor();
  }
  assert.equal(await hit.locator('mark').first().textContent(), 'zollgebuehr');
  assert.match(await hit.locator('.snippets').textContent(), /Text.*<img src=x onerror=alert\(1\)>/);
  assert.equal(await hit.locator('img, b, i').count(), 0);
  await page.keyboard.press('/');
  await page.keyboard.type('sender:ann');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('there is no field "sender"').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('subject:parcel subject:waits');
  await page.keyboard.press('Enter');
  await hit.waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('toolbar', { name: 'Decide' }).waitFor();
  assert.ok(page.url().endsWith(`/incidents/${incident.id}`));
  await leave(page, /400/);
});

test('who reports is listed with what came of it, and leads to it', async () => {
  const page = await enter('/reporters');
  await page.getByRole('row').nth(2).waitFor();
  const sorted = page.waitForResponse((answer) => answer.url().includes('sort=reports'));
  await page.getByRole('button', { name: 'Most reports' }).click();
  await sorted; // until then it may be the rows of before
  await page.waitForFunction(() => location.search.includes('sort=reports') && document.querySelectorAll('.grid-row').length > 2 && !document.querySelector('.wait'));
  await page.getByRole('row').nth(2).waitFor();
  const counts = await page.getByRole('row').evaluateAll((rows) => rows.slice(1).map((row) => Number(row.children[1].textContent)));
  assert.deepEqual(counts, [...counts].sort((a, b) => b - a));
  assert.ok(counts[0] >= 1);
  await page.getByRole('row').nth(1).getByRole('link').click();
  await rows(page).first().waitFor();
  assert.match(new URL(page.url()).searchParams.get('q'), /^is:all reporter:.+@/);
  await leave(page);
});

test('what went on is drawn, and can be read and exported', async () => {
  const page = await enter('/reports');
  const chart = page.getByRole('img', { name: 'Reports and incidents a day' });
  await chart.waitFor();
  assert.ok(await chart.locator('rect').count() >= 1);
  await page.getByText('As a table').first().click();
  const table = page.getByRole('table', { name: 'Reports and incidents a day' });
  const cells = await table.getByRole('row').last().getByRole('cell').allTextContents();
  assert.ok(Number(cells[0]) >= 1, 'today has reports');
  assert.equal(await table.getByRole('row').count(), 31);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as CSV' }).click();
  const stream = await (await download).createReadStream();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString().split('\r\n');
  assert.equal(lines[0], '"section","name","figure","value"');
  assert.ok(lines.some((line) => line.startsWith('"time","verdict","p50 seconds",')));
  await page.getByRole('button', { name: '7 days' }).click();
  await page.waitForFunction(() => document.querySelectorAll('table[aria-label="Reports and incidents a day"] tbody tr').length === 7);
  await leave(page);
});

test('a report that arrives is announced, and nothing moves', async () => {
  const page = await enter();
  await rows(page).first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const before = { title: await title(page), count: await rows(page).count(), top: await page.locator('.grid').evaluate((grid) => grid.scrollTop) };
  const { incident } = await ask('hostile', { html: '<p>Your parcel waits</p>', subject: 'A parcel for you' });
  const fresh = page.getByRole('button', { name: '1 new row', exact: true });
  await fresh.waitFor();
  assert.deepEqual({ title: await title(page), count: await rows(page).count(), top: await page.locator('.grid').evaluate((grid) => grid.scrollTop) }, before);
  await fresh.click();
  await rows(page).filter({ hasText: incident.title }).waitFor();
  await leave(page);
});

test('it is dark or light as the system is, or as one likes better', async () => {
  const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const page = await enter('/', { colorScheme: 'dark' });
  const dark = await ground(page);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.locator('html[data-theme="light"]').waitFor();
  assert.notEqual(await ground(page), dark);
  await page.getByRole('button', { name: 'Mara Lindqvist' }).click();
  await page.getByLabel('Appearance').selectOption('Dark');
  assert.equal(await ground(page), dark);
  await page.reload();
  await page.getByRole('navigation').waitFor();
  assert.equal(await ground(page), dark);
  await leave(page);
});

test('it speaks German to whose browser does, and to who asks for it', async () => {
  const german = await enter('/', { locale: 'de-DE' });
  await german.getByRole('heading', { name: 'Vorfälle' }).waitFor();
  assert.equal(await german.evaluate(() => document.documentElement.lang), 'de');
  await leave(german);
  const page = await enter();
  await page.getByRole('button', { name: 'Mara Lindqvist' }).click();
  await page.getByLabel('Language').selectOption('Deutsch');
  await page.getByRole('heading', { name: 'Vorfälle' }).waitFor();
  await leave(page);
});
