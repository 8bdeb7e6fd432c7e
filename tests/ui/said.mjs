// What is said at the edge of the screen covers nothing, and stays as long as somebody is at it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, barriers, enter, leave } from './world.mjs';

const said = (page) => page.locator('.app > .toasts .toast');

/** What of the page is covered when it is read to its end: what can be used there, and the ends of its cards. */
const covered = (page) => page.evaluate(() => {
  const hidden = [];
  const bar = document.querySelector('.app > .toasts').getBoundingClientRect();
  for (const one of document.querySelectorAll('.app-main :is(a, button, input, select, .card)')) {
    one.scrollIntoView({ block: 'end' });
    const box = one.getBoundingClientRect();
    if (box.height && box.bottom > bar.top + 1) hidden.push(`${one.className || one.textContent}: ${box.bottom} > ${bar.top}`);
  }
  return hidden;
});

for (const [width, height] of [[390, 844], [1280, 800]])
  test(`what is said covers neither cards nor what is in focus: ${width}`, async () => {
    const { incidents } = await ask('incidents');
    const page = await enter('/settings/about', { axe: true });
    await page.setViewportSize({ width, height });
    await page.goto(page.url().replace('/settings/about', `/incidents/${incidents.find((one) => one.original_id).id}`));
    await page.getByRole('button', { name: /^Spam/ }).waitFor();
    await page.locator('aside .card').nth(1).waitFor();
    for (const key of ['p', 'm', '4']) {
      await page.keyboard.press(key);
      await said(page).nth(key === 'p' ? 0 : 1).waitFor();
    }
    await said(page).last().hover();
    assert.deepEqual(await covered(page), []);
    assert.deepEqual(await barriers(page), []);
    // what one is at stays in sight when something is said
    await page.getByRole('main').getByRole('link').last().focus();
    await page.keyboard.press('u');
    await said(page).getByText('Suspicious').waitFor();
    const [focus, bar] = await page.evaluate(() => [document.activeElement, document.querySelector('.app > .toasts')].map((one) => one.getBoundingClientRect().toJSON()));
    assert.ok(focus.bottom <= bar.top + 1, `${focus.bottom} > ${bar.top}`);
    await leave(page);
  });

test('what is said stays while the pointer or the focus is at it, and goes after', async () => {
  const { incidents } = await ask('incidents');
  const page = await enter('/settings/about');
  await page.clock.install();
  await page.goto(page.url().replace('/settings/about', `/incidents/${incidents.find((one) => one.original_id).id}`));
  await page.getByRole('button', { name: /^Spam/ }).waitFor();
  await page.keyboard.press('p');
  await said(page).waitFor();
  await said(page).hover();
  await page.clock.fastForward(60_000);
  assert.equal(await said(page).count(), 1);
  await said(page).getByRole('button', { name: 'Undo' }).focus();
  await page.mouse.move(300, 300);
  await page.clock.fastForward(60_000);
  assert.equal(await said(page).count(), 1);
  await said(page).getByRole('button', { name: 'Undo' }).blur();
  await page.waitForTimeout(200);
  await page.clock.fastForward(11_000);
  await said(page).waitFor({ state: 'detached' });
  await leave(page, /sandboxed/); // the page's clock is set in each frame, also where no script may run
});
