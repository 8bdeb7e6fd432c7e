// What a VIP's mail says is for few, and whoever may not see it is told why.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, barriers, enter, leave, logIn, open, passphrase, url } from './world.mjs';

test('what a VIP’s mail says is shown to those who may', async () => {
  const { incident } = await ask('hostile', { html: '<p>The merger is called Heron</p>', subject: 'For your eyes only' });
  const { address } = await ask('person_of', { incident: incident.id, name: 'ned', password: passphrase });

  const settings = await enter('/settings/vips', { axe: true });
  await settings.getByLabel('Addresses').fill(address.toUpperCase());
  assert.deepEqual(await barriers(settings), []);
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.locator('.toasts').getByText('Saved').first().waitFor();
  assert.equal(await settings.getByLabel('Addresses').inputValue(), address);
  await settings.goto(`${url}/incidents/${incident.id}`);
  await settings.frameLocator('iframe').locator('body').getByText('The merger is called Heron').waitFor();

  const page = await open({ axe: true });
  await page.goto(`${url}/incidents/${incident.id}`);
  await logIn(page, passphrase, 'ned');
  await page.getByText('This is a VIP’s mail').waitFor();
  assert.equal((await page.content()).includes('Heron'), false);
  assert.deepEqual(await barriers(page), []);
  await leave(page, /401/);

  await settings.goto(`${url}/settings/vips`);
  await settings.getByLabel('Addresses').fill('');
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.locator('.toasts').getByText('Saved').first().waitFor();
  await leave(settings);
});
