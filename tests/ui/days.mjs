// Two first days, as they were asked for: a new administrator gets from the link that the daemon printed to the first working source,
// and a new analyst finds the campaign, understands it, pulls it, sees that every copy is gone, puts one back and closes it.
// Both only by what is on the screen; how many steps that takes, and how long the pages themselves, is said at the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, enter, leave, open, passphrase, setup } from './world.mjs';

/** Counts what a person does, and how long the pages take to answer it. */
function counting() {
  const begun = performance.now();
  let steps = 0;
  return { step: async (doing) => { steps++; return doing; }, said: (t) => t.diagnostic(`${steps} steps, ${((performance.now() - begun) / 1000).toFixed(1)} s`), get steps() { return steps; } };
}

test('a new administrator: from the link to the first working source', async (t) => {
  const { path, abuse, quarantine } = await ask('where');
  const page = await open();
  const { step, said } = counting();
  await step(page.goto(setup));
  await step(page.getByLabel('User name').fill('mara'));
  await step(page.getByLabel('Your name').fill('Mara Lindqvist'));
  await step(page.getByLabel('Passphrase', { exact: true }).fill(passphrase));
  await step(page.getByLabel('Passphrase, again').fill(passphrase));
  await step(page.keyboard.press('Enter'));
  await step(page.getByRole('link', { name: 'New Mail Server' }).click());
  await step(page.getByRole('radio', { name: /^Maildir/ }).check());
  await step(page.getByLabel('Path').fill(path));
  await step(page.getByLabel(/^Quarantine Mailbox/).fill(quarantine));
  await step(page.getByRole('button', { name: 'Save and test' }).click());
  await page.getByText('Everything works').waitFor();
  await step(page.getByRole('link', { name: /^Next:/ }).click());
  await step(page.getByLabel('Name', { exact: true }).fill('Abuse'));
  await step(page.getByLabel('Mailbox Name').fill(abuse));
  assert.equal(await page.getByLabel('Accepted Domains').inputValue(), abuse.split('@')[1]);
  await step(page.getByRole('button', { name: 'Create source' }).click());
  const state = page.getByRole('complementary');
  await state.getByText('Good', { exact: true }).waitFor();
  await ask('arrived');
  await step(state.getByRole('link', { name: 'Its incidents' }).click());
  await page.locator('.grid-row').first().waitFor();
  said(t);
  await leave(page, /401/);
});

test('a new analyst: find it, understand it, pull it, see it gone, put one back, close it', async (t) => {
  const page = await enter('/');
  const { step, said } = counting();
  await step(page.locator('.grid-row').filter({ hasText: 'Many report it' }).first().getByRole('link').click());
  const copies = page.getByRole('tabpanel').getByRole('row');
  await step(page.getByText(/not lead where the text says/).waitFor());
  await step(page.getByRole('button', { name: 'See where to' }).click());
  await page.getByRole('cell', { name: /Pretends/ }).first().waitFor();
  await step(page.keyboard.press('m'));
  await page.locator('.page-head').getByText('Malicious').waitFor();
  await step(page.keyboard.press('q'));
  await page.getByRole('dialog').getByText(/mailboxes are known to have it/).waitFor();
  await step(page.keyboard.press('Enter'));
  await step(page.getByRole('tab', { name: /^Recipients/ }).click());
  const all = Number(/\d+/.exec(await page.getByRole('tab', { name: /^Recipients/ }).textContent())[0]);
  assert.ok(all > 4);
  await copies.filter({ hasText: 'Pulled' }).nth(all - 1).waitFor();
  const [who] = /\S+@[a-z.]+/.exec(await copies.filter({ hasText: 'Pulled' }).first().getByRole('cell').first().textContent());
  await step(page.getByRole('button', { name: `Put back: ${who}` }).click());
  await copies.filter({ hasText: who }).getByText('Put back', { exact: true }).first().waitFor();
  await page.waitForFunction((n) => [...document.querySelectorAll('[role=tabpanel] tr')].filter((row) => row.textContent.includes('Pulled')).length === n, all - 1);
  assert.deepEqual((await ask('holders', { subject: 'Action required: confirm your salary account' })).mailboxes, [who]);
  await step(page.keyboard.press('e'));
  await step(page.getByRole('dialog').getByLabel('Reason').fill('phish, pulled; one copy back for the fraud team'));
  await step(page.keyboard.press('Enter'));
  await page.locator('.page-head').getByText('Closed').waitFor();
  said(t);
  await leave(page);
});
