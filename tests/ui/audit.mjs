// The audit log is looked through by the API, and taken away as lines.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { barriers, enter, leave } from './world.mjs';

test('the audit log is filtered, and what the filter lets through is taken away', async () => {
  const page = await enter('/settings/audit', { axe: true });
  const filter = page.getByRole('combobox', { name: 'Filter' });
  const rows = page.getByRole('row').filter({ has: page.getByRole('gridcell') });
  await rows.first().waitFor();

  await filter.fill('action:session. after:1d');
  await filter.press('Enter');
  await page.waitForURL(/q=action/);
  await rows.first().waitFor();
  assert.deepEqual(await barriers(page), []);

  await page.getByRole('button', { name: 'Export as JSON lines' }).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export as JSON lines' }).click()]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(lines.length > 0);
  assert.ok(lines.every((one) => one.action.startsWith('session.')));
  assert.deepEqual(lines.map((one) => one.seq), lines.map((one) => one.seq).sort((a, b) => a - b));

  await filter.fill('actor:nobody-at-all');
  await filter.press('Enter');
  await page.getByText('No record matches').waitFor();
  await filter.fill('colour:red');
  await filter.press('Enter');
  await page.getByText('there is no such filter “colour:”').waitFor();
  assert.deepEqual(await barriers(page), []);
  await leave(page, /400/);
});
