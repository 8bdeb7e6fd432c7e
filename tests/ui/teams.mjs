// Two teams that do not see each other: set up in the console, and looked at by somebody of one of them.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, barriers, enter, here, leave, logIn, open, passphrase, url } from './world.mjs';

const pictures = process.env.TRAWL_PICTURES ? join(here, '..', '..', 'docs', 'images', 'console') : null;
if (pictures) mkdirSync(pictures, { recursive: true });

async function look(page, name) {
  assert.deepEqual(await barriers(page), []);
  if (pictures) await page.screenshot({ path: join(pictures, `${name}-light.png`), caret: 'initial', animations: 'allow', scale: 'css' });
}

const rows = (page) => page.getByRole('grid', { name: 'Incidents' }).getByRole('row').filter({ has: page.getByRole('gridcell') });

test('somebody of a team sees what the team does, and is told when there is none', async () => {
  const { incidents } = await ask('incidents');
  const [incident] = incidents;
  await ask('person_of', { incident: incident.id, name: 'tilda', password: passphrase });

  // Tilda is to see what her teams do, and is in none.
  const settings = await enter('/settings/users', { axe: true });
  const row = settings.getByRole('row').filter({ hasText: 'tilda' });
  await row.getByRole('button', { name: 'Edit' }).click();
  const dialog = settings.getByRole('dialog');
  await dialog.getByLabel('Sees').selectOption('What their teams see');
  await look(settings, 'user-sight');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row.getByText('What their teams see').waitFor();

  const page = await open({ axe: true });
  await page.goto(`${url}/incidents`);
  await logIn(page, passphrase, 'tilda');
  await page.getByRole('heading', { name: 'You are in no team' }).waitFor();
  await look(page, 'queue-no-team');
  assert.equal(await page.getByRole('link', { name: 'Users' }).count(), 0);
  await page.goto(`${url}/incidents/${incident.id}`);
  await page.getByText(`no incident ${incident.id}`).waitFor();

  // A team without sources, and one incident is handed over to it.
  await settings.goto(`${url}/settings/teams`);
  await settings.getByRole('heading', { name: 'There are no teams' }).waitFor();
  await settings.getByRole('button', { name: 'New team' }).click();
  await dialog.getByLabel('Name', { exact: true }).fill('Night shift');
  await dialog.getByLabel('Description').fill('When the others sleep');
  await dialog.getByRole('checkbox', { name: /^tilda/ }).check();
  await look(settings, 'team-edit');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await settings.getByRole('row').filter({ hasText: 'Night shift' }).getByText('tilda').waitFor();
  await settings.goto(`${url}/incidents/${incident.id}`);
  await settings.getByRole('button', { name: /^Assign…/ }).click();
  await dialog.getByRole('option', { name: /Night shift/ }).waitFor();
  await look(settings, 'incident-assign-team');
  await settings.keyboard.type('night');
  await settings.keyboard.press('Enter');
  await settings.locator('.page-head').getByText('Night shift').waitFor();
  await settings.locator('.toasts').getByText('Assignment changed').waitFor(); // shown before it is so

  await page.goto(`${url}/incidents?q=mine%3Ayes`);
  await rows(page).first().waitFor();
  assert.equal(await rows(page).count(), 1);
  await look(page, 'queue-of-a-team');

  // Live: it is handed on, and leaves her list; the source becomes the team's, and all of it is there.
  await settings.getByRole('button', { name: /^Assign…/ }).click();
  await dialog.getByRole('option', { name: 'No team' }).click();
  await rows(page).first().waitFor({ state: 'detached' });
  await settings.goto(`${url}/settings/teams`);
  await settings.getByRole('row').filter({ hasText: 'Night shift' }).getByRole('button', { name: 'Edit' }).click();
  await dialog.getByRole('group', { name: 'Sources' }).getByRole('checkbox').first().check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await look(settings, 'teams');
  await page.goto(`${url}/incidents`);
  await rows(page).nth(2).waitFor();
  await leave(page, /40[0149]|ERR_/);

  await settings.getByRole('row').filter({ hasText: 'Night shift' }).getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await settings.getByRole('heading', { name: 'There are no teams' }).waitFor();
  await leave(settings);
});
