// What becomes of a report once it is kept: a source for each action is made by hand, tried, saved, and its mailbox looked into.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, barriers, enter, leave, url } from './world.mjs';

/** [action as the form calls it, source folder, where the report is afterwards] */
const actions = [
  ['None', 'Stays', ['Stays']],
  ['Delete the message', 'Goes', []],
  ['Move the message', 'Moves', ['Done with']],
];

async function pick(page, label, folder) {
  await page.getByLabel(label).locator('..').getByRole('button', { name: 'Choose…' }).click();
  const dialog = page.getByRole('dialog', { name: /^Folders of/ });
  await dialog.getByRole('button', { name: folder, exact: true }).waitFor();
  await dialog.getByLabel('Filter').fill(folder.slice(0, 3).toLowerCase());
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel(label).inputValue(), folder);
}

for (const [action, folder, expected] of actions)
  test(`a source with the action "${action}" is made in the console, and does that to a report`, async () => {
    const { mailbox } = await ask('abuse_folder', { name: folder });
    await ask('abuse_folder', { name: 'Done with' });
    const page = await enter('/sources', { axe: true });
    await page.getByRole('link', { name: 'New Source' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill(`Abuse, ${folder}`);
    await page.getByLabel('Mailbox Name').fill(mailbox);
    await pick(page, 'Source Folder', folder);
    assert.equal(await page.getByLabel('Destination Folder').count(), 0);
    await page.getByRole('radio', { name: new RegExp(`^${action}`) }).check();
    assert.equal(await page.getByLabel('Destination Folder').count(), action.startsWith('Move') ? 1 : 0);
    if (action.startsWith('Move')) {
      await page.getByRole('button', { name: 'Create source' }).click();
      await page.getByText('Say where to: name a folder, or choose one').waitFor();
      assert.ok(await page.getByRole('button', { name: 'Create source' }).isDisabled());
      await pick(page, 'Destination Folder', 'Done with');
    }
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    const tried = page.getByRole('complementary');
    await tried.getByText('Everything works').waitFor();
    await tried.getByText(`“${folder}” is there`).waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.getByRole('button', { name: 'Create source' }).click();
    await page.getByRole('heading', { name: `Abuse, ${folder}` }).waitFor();
    assert.ok(await page.getByRole('radio', { name: new RegExp(`^${action}`) }).isChecked());
    await tried.getByText('Good', { exact: true }).waitFor();

    const { folders, incidents } = await ask('reported_into', { folder, subject: `Into ${folder}` });
    assert.deepEqual(folders, expected);
    assert.ok(incidents.includes(`Into ${folder}`));
    await tried.getByRole('link', { name: 'Its incidents' }).click();
    await page.locator('.grid-row').filter({ hasText: `Into ${folder}` }).waitFor();
    await page.goto(`${url}/sources`);
    await page.getByRole('link', { name: `Abuse, ${folder}` }).click();
    await page.getByRole('heading', { name: `Abuse, ${folder}` }).waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Sources' }).waitFor();
    await page.getByRole('link', { name: `Abuse, ${folder}` }).waitFor({ state: 'detached' });
    assert.deepEqual(await barriers(page), []);
    await leave(page);
  });
