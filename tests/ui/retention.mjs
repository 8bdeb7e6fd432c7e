// How long things are kept: a hold is put on and found again, and a shorter period says what it would remove before it is saved.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, barriers, enter, leave, url } from './world.mjs';

const kept = (page) => page.evaluate(async () => (await (await fetch('/v1/retention')).json()).incident_days);

test('an incident is put on hold, a period is made shorter and the hold is taken off', async () => {
  const { incident } = await ask('hostile', { html: '<p>Keep me</p>', subject: 'Evidence of something' });
  const page = await enter(`/incidents/${incident.id}`, { axe: true });
  await page.getByRole('button', { name: 'Put on hold' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('Case 4711');
  assert.deepEqual(await barriers(page), []);
  await dialog.getByRole('button', { name: 'Put on hold' }).click();
  await page.locator('.page-head').getByText('On hold').waitFor();
  await page.getByText('Case 4711').first().waitFor();
  assert.deepEqual(await barriers(page), []);

  await page.goto(`${url}/settings/retention`);
  await page.getByRole('link', { name: /Evidence of something/ }).waitFor();
  const incidents = page.getByRole('group', { name: 'Closed incidents, whole' });
  await incidents.getByLabel('for ever').uncheck();
  await incidents.getByRole('spinbutton').fill('90');
  await page.getByRole('button', { name: 'See what goes, then save' }).click();
  await page.getByRole('dialog').getByText('the next run removes').waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await kept(page), null);
  await page.getByRole('button', { name: 'See what goes, then save' }).click();
  await page.getByRole('button', { name: 'Save and remove' }).click();
  await page.locator('.toasts').getByText('The periods are saved').first().waitFor();
  assert.equal(await kept(page), 90);

  await page.getByRole('button', { name: /^Run now/ }).click();
  await page.getByRole('table', { name: 'Last runs' }).getByText('Done').first().waitFor();
  assert.deepEqual(await barriers(page), []);

  await incidents.getByLabel('for ever').check(); // longer: there is nothing to ask
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PUT'); // what was said the first time may still stand there
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await saved;
  assert.equal(await kept(page), null);
  await page.goto(`${url}/incidents/${incident.id}`);
  await page.getByRole('button', { name: 'Release' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('Settled');
  await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
  await page.getByRole('button', { name: 'Put on hold' }).waitFor();
  await leave(page);
});
