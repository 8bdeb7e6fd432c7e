// Logging in by a provider, in a real browser and against a real one: set up, used, and not to be tricked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, barriers, enter, leave, logIn, open, url } from './world.mjs';

let issuer;

/** A window that has been at the provider, which is another origin, on purpose. */
async function leaveBoth(page, expected = /40[134]/) {
  page.asked = page.asked.filter((address) => !address.startsWith(`${issuer}/`));
  await leave(page, expected);
}

async function logInThere(page, name = 'ada') {
  await page.getByRole('heading', { name: 'Corp login' }).waitFor();
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Go on' }).click();
}

test('a provider is set up and tried, line by line', async () => {
  ({ issuer } = await ask('provider'));
  const page = await enter('/settings/sign-on', { axe: true });
  await page.getByText('People log in with a passphrase of Trawl’s own').waitFor();
  await page.keyboard.press('n');
  await page.getByLabel('OpenID Connect').check();
  await page.getByText(`${url}/sign-on/callback`).waitFor();
  await page.getByRole('button', { name: 'Save and test' }).click();
  await page.getByText('This is needed').first().waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Corp');
  await page.getByLabel('Issuer').fill(issuer);
  await page.getByLabel('Client ID').fill('trawl');
  await page.getByLabel('Client Secret').fill('a secret of the tests, long enough');
  await page.getByLabel('Roles by Group').fill('soc=analyst\nleads=responder');
  await page.getByLabel('New Accounts').selectOption('yes');
  assert.deepEqual(await barriers(page), []);
  await page.getByRole('button', { name: 'Save and test' }).click();
  await page.getByText('the provider knows "trawl" and its secret').waitFor();
  await page.getByRole('heading', { name: 'Corp' }).getByText('Corp').waitFor();
  await page.getByText('is set', { exact: true }).waitFor();
  assert.equal(await page.content().then((text) => text.includes('long enough')), false);
  assert.deepEqual(await barriers(page), []);
  await leave(page);
});

test('somebody whom it knows comes in where they were going, and nothing stays in the address', async () => {
  const page = await open({ axe: true });
  await page.goto(`${url}/incidents?q=is%3Aall`);
  const button = page.getByRole('button', { name: 'Log in with Corp' });
  await button.waitFor();
  assert.deepEqual(await barriers(page), []);
  await button.click();
  await logInThere(page);
  await page.getByRole('button', { name: 'Ada Byrne' }).waitFor();
  assert.equal(page.url(), `${url}/incidents?q=is%3Aall`);
  assert.equal(await page.evaluate(() => document.cookie), '');
  const cookies = (await page.context().cookies()).filter((one) => one.name.startsWith('__Host-'));
  assert.deepEqual(cookies.map((one) => [one.name, one.sameSite, one.httpOnly, one.secure]), [['__Host-trawl', 'Strict', true, true]]);
  await page.goBack();
  assert.ok(!page.url().includes('code='));
  await page.goto(`${url}/account`);
  await page.getByText('You log in by your organisation’s provider').waitFor();
  assert.equal(await page.getByLabel('New passphrase').count(), 0);
  await leaveBoth(page);
});

test('who has no role here is told so', async () => {
  const page = await open();
  await page.goto(`${url}/login`);
  await page.getByRole('button', { name: 'Log in with Corp' }).click();
  await logInThere(page, 'bo');
  await page.getByRole('alert').getByText('none of your groups at Corp has a role here').waitFor();
  await page.getByRole('link', { name: 'Back to the log-in page' }).click();
  await page.getByRole('button', { name: 'Log in with Corp' }).waitFor();
  await leaveBoth(page);
});

test('the end of somebody else’s log-in logs nobody in', async () => {
  const attacker = await open();
  let caught = null;
  attacker.on('request', (request) => { if (request.url().includes('/sign-on/callback?')) caught = request.url(); });
  await attacker.route('**/v1/sign-on/finish', (route) => route.abort());
  await attacker.goto(`${url}/login`);
  await attacker.getByRole('button', { name: 'Log in with Corp' }).click();
  await logInThere(attacker);
  await attacker.getByRole('alert').waitFor();
  assert.match(caught, /code=/);
  await attacker.context().close();

  const victim = await open();
  await victim.goto(caught);
  await victim.getByRole('alert').getByText('this log-in was not begun in this browser').waitFor();
  assert.ok(!victim.url().includes('code='));
  await victim.goto(`${url}/login`);
  await victim.getByRole('button', { name: 'Log in with Corp' }).click();
  await victim.getByRole('heading', { name: 'Corp login' }).waitFor();
  await victim.goto(caught);
  await victim.getByRole('alert').getByText('another log-in than the one that was begun in this browser').waitFor();
  assert.equal((await victim.context().cookies()).filter((one) => one.name === '__Host-trawl').length, 0);
  await leaveBoth(victim);
});

test('no address leads anywhere else after the log-in', async () => {
  for (const going of ['//evil.example/', 'https://evil.example/', '/\\evil.example/', 'javascript:alert(1)']) {
    const page = await open();
    await page.goto(`${url}/login?next=${encodeURIComponent(going)}&return=${encodeURIComponent(going)}`);
    await page.getByRole('button', { name: 'Log in with Corp' }).click();
    await page.getByRole('heading', { name: 'Corp login' }).waitFor();
    await page.context().addInitScript((place) => { if (location.pathname === '/sign-on/callback') sessionStorage.setItem('trawl.going', place); }, going);
    await logInThere(page);
    await page.getByRole('button', { name: 'Ada Byrne' }).waitFor();
    assert.equal(new URL(page.url()).origin, url);
    await leaveBoth(page);
  }
});

test('where it is the only way, administrators find the other', async () => {
  const inside = await enter('/settings/sign-on');
  await inside.getByRole('link', { name: 'Corp' }).click();
  await inside.getByLabel('It is the only way in').check();
  await inside.getByRole('button', { name: 'Save', exact: true }).click();
  await inside.locator('.toasts').getByText('Saved').first().waitFor();
  const page = await open({ axe: true });
  await page.goto(`${url}/login`);
  await page.getByRole('button', { name: 'Log in with Corp' }).waitFor();
  assert.equal(await page.getByLabel('Passphrase').count(), 0);
  assert.deepEqual(await barriers(page), []);
  await page.getByRole('button', { name: 'Log in with a passphrase' }).click();
  await logIn(page);
  await page.getByRole('navigation').waitFor();
  await leave(page, /401/);
  await inside.getByLabel('It is the only way in').uncheck();
  await inside.getByRole('button', { name: 'Save', exact: true }).click();
  await inside.getByText('the provider knows "trawl" and its secret').waitFor();
  await leave(inside);
});

test('a directory is asked with the name and passphrase that are typed', async (t) => {
  const house = await ask('directory');
  if (!house.url) return t.skip('slapd is not installed');
  const inside = await enter('/settings/sign-on/new?kind=ldap', { axe: true });
  const fields = { Name: 'House', Address: house.url, 'Service Account (optional)': house.bind_dn, 'Search Base (optional)': house.base, 'Its Password (optional)': house.password, 'CA File (optional)': house.ca_file };
  for (const [label, value] of Object.entries(fields)) await inside.getByLabel(label, { exact: true }).fill(value);
  await inside.getByLabel('Roles by Group').fill(`${house.group}=analyst`);
  await inside.getByLabel('New Accounts').selectOption('yes');
  assert.deepEqual(await barriers(inside), []);
  await inside.getByRole('button', { name: 'Save and test' }).click();
  await inside.getByText('certificate verified').waitFor();
  await inside.getByText('is let in').waitFor();

  const page = await open({ axe: true });
  await page.goto(`${url}/login`);
  await page.getByLabel('Account').waitFor();
  assert.equal(await page.getByLabel('Account').locator('option:checked').textContent(), 'House');
  assert.deepEqual(await barriers(page), []);
  for (const [words, said] of [['wrong', 'These do not fit together'], ['right', null]]) {
    await page.getByLabel('User name').fill('bo');
    await page.getByLabel('Passphrase').fill(words);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByRole('alert').getByText(said ?? 'none of your groups at House has a role here').waitFor();
  }
  await page.getByLabel('User name').fill('odd');
  await page.getByLabel('Passphrase').fill('right');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByRole('button', { name: 'Odd Name' }).waitFor();
  await leave(page, /40[13]/);

  // Trawl's own accounts are one choice away, and remembered
  const own = await open();
  await own.goto(`${url}/login`);
  await own.getByLabel('Account').selectOption('Trawl’s own');
  await logIn(own);
  await own.getByRole('navigation').waitFor();
  await leave(own, /401/);
  await inside.getByRole('button', { name: 'Delete' }).click();
  await inside.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await inside.locator('.toasts').getByText('House is deleted').first().waitFor();
  await leave(inside);
});
