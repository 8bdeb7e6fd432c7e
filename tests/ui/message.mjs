// The message of an incident: what is odd about it is marked where it stands, what a report says is set beside what was found, and
// what hangs on it is saved locked.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ask, barriers, enter, leave, url } from './world.mjs';

let sample;
const tab = (page, name) => page.getByRole('tab', { name }).click();
const seen = (page) => page.frameLocator('iframe').locator('body');

async function openSample(options) {
  sample ??= (await ask('sample')).incident;
  const page = await enter(`/incidents/${sample.id}`, options);
  await seen(page).getByText('see https://corp.example/login').waitFor();
  return page;
}

test('a finding stands where it was found, and says on focus what it is', async () => {
  const page = await openSample({ axe: true });
  const subject = page.locator('.facts dd').last();
  await subject.locator('mark').filter({ hasText: 'U+202E' }).waitFor();
  const mark = subject.getByRole('button', { name: /finding/ });
  await mark.focus();
  await page.getByRole('tooltip').filter({ hasText: 'direction' }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('tooltip').waitFor({ state: 'hidden' });
  await mark.hover();
  await page.getByRole('tooltip').waitFor();
  await leave(page);
});

test('what a page hides is shown where it is hidden, and as it was seen without', async () => {
  const page = await openSample();
  const choice = page.getByLabel('Show what is hidden or not what it seems');
  assert.ok(await choice.isChecked());
  await seen(page).getByText('nobody sees this').waitFor();
  await seen(page).locator('mark').filter({ hasText: 'cоworker' }).waitFor();
  await choice.uncheck();
  await seen(page).getByText('nobody sees this').waitFor({ state: 'hidden' });
  assert.equal(await seen(page).locator('mark').count(), 0);
  await tab(page, 'Text');
  await page.getByRole('tabpanel').locator('mark').filter({ hasText: 'cоworker' }).first().waitFor();
  await leave(page);
});

test('the list of findings leads to each place', async () => {
  const page = await openSample({ axe: true });
  for (const [finding, view, place] of [[/no date/, 'Headers', 'field:date'], [/is a program/, /^Attachments/, 'attachment:2'], [/leads to evil/, /^Links/, 'link:0'], [/not displayed/, 'As seen', 'body']]) {
    await page.getByRole('tab', { name: /^Findings/ }).click();
    assert.deepEqual(await barriers(page), []);
    await page.getByRole('listitem').filter({ hasText: finding }).getByRole('button', { name: /^Show it/ }).first().click();
    await page.getByRole('tab', { name: view, selected: true }).waitFor();
    await page.waitForFunction((key) => document.activeElement?.closest(`[data-place="${key}"]`), place);
  }
  await leave(page);
});

test('headers are in groups, and in their own order when that is wanted; some are found by their words', async () => {
  const page = await openSample({ axe: true });
  await tab(page, 'Headers');
  const group = (name) => page.locator('details').filter({ has: page.getByRole('heading', { name, exact: true }) });
  await group('People and subject').getByRole('rowheader', { name: 'Subject' }).waitFor();
  await group('Lists and automatic mail').getByRole('rowheader', { name: 'List-Id' }).waitFor();
  await group('Add-ins and gateways').getByRole('rowheader', { name: 'X-Mimecast-Spam-Score' }).waitFor();
  await group('People and subject').getByText('There is no Date.').waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.getByRole('button', { name: 'Subject as it stood' }).click();
  await group('People and subject').getByText('=?utf-8?').waitFor();
  await page.getByLabel('In their own order').check();
  assert.equal(await page.locator('details.group').count(), 0);
  await page.getByRole('searchbox', { name: 'Filter headers' }).fill('mimecast');
  await page.getByRole('rowheader', { name: 'Subject' }).waitFor({ state: 'detached' });
  assert.equal(await page.locator('.table.headers tr').count(), 1);
  await page.getByRole('searchbox', { name: 'Filter headers' }).fill('nowhere');
  await page.getByRole('heading', { name: 'No header has that' }).waitFor();
  await leave(page);
});

test('attachments are saved in a zip that asks for a password', async () => {
  const page = await openSample({ axe: true });
  await tab(page, /^Attachments/);
  assert.deepEqual(await barriers(page), []);
  for (const [button, names] of [['Save all 2 as zip', ['payslip.exe', 'März.txt']], ['Save as zip: ../März.txt', ['März.txt']]]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()]);
    assert.match(download.suggestedFilename(), /^original-\d+-[0-9a-z]+\.zip$/);
    const zip = readFileSync(await download.path());
    assert.equal(zip.readUInt32LE(0), 0x04034b50);
    assert.equal(zip.readUInt16LE(6) & 1, 1, 'encrypted');
    assert.equal(zip.readUInt16LE(8), 99, 'with AES');
    for (const name of names) assert.ok(zip.includes(name), name);
    assert.ok(!zip.includes('hello'));
    await page.locator('.toasts').getByText('infected').first().waitFor();
  }
  await leave(page);
});

test('what a forward says is set beside what was found in the mailbox', async () => {
  const page = await enter('/incidents', { axe: true });
  const get = (path) => page.evaluate(async (from) => (await fetch(`/v1${from}`)).json(), path);
  const { items } = await get('/reports?limit=500');
  const report = items.find((one) => one.form === 'inline' && one.located === 'found');
  const { incident_ids } = await get(`/reports/${report.id}`);
  await page.goto(`${url}/incidents/${incident_ids[0]}`);
  await tab(page, 'What differs');
  const table = page.locator('.table.differs');
  await table.waitFor();
  if (await page.getByLabel('Report', { exact: true }).count()) await page.getByLabel('Report', { exact: true }).selectOption(String(report.id));
  await table.getByRole('columnheader', { name: 'As the report says' }).waitFor();
  await table.getByRole('columnheader', { name: 'As found in a mailbox' }).waitFor();
  for (const field of ['From', 'To', 'Cc', 'Sent', 'Subject', 'Message-ID', 'Text', 'Links', 'Attachments']) await table.getByRole('rowheader', { name: new RegExp(`^${field} (same|differs|not said)$`) }).waitFor();
  await table.getByRole('rowheader', { name: 'Subject same' }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await leave(page);
});
