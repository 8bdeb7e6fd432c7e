// A second factor, from the secret to the day on which the device is lost.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { ask, barriers, leave, logIn, open, url } from './world.mjs';

const words = 'three larks before dawn';

/** The bytes of a secret in base 32 (RFC 4648 §6). */
function secretOf(text) {
  let bits = '';
  for (const letter of text.replaceAll(/[\s=]/g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** What an authenticator shows (RFC 6238); @ahead: so many half minutes from now. */
function codeOf(secret, ahead = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac('sha1', secretOf(secret)).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

async function logOut(page) {
  await page.getByRole('button', { name: 'Tove Holm' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
}

/** Passphrase first; then the code is asked for, and has the keyboard. */
async function begin(page) {
  await logIn(page, words, 'tove');
  await page.getByLabel('Code', { exact: true }).waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute('autocomplete') === 'one-time-code');
  assert.deepEqual(await barriers(page), []);
}

async function answer(page, code) {
  await page.getByLabel('Code', { exact: true }).fill(code);
  await page.keyboard.press('Enter');
}

test('codes of an authenticator are turned on, asked for, and not to be guessed; a recovery code stands in once', async () => {
  await ask('person', { name: 'tove', display_name: 'Tove Holm', password: words });
  const page = await open({ axe: true });
  await page.goto(`${url}/account`);
  await logIn(page, words, 'tove');
  await page.getByRole('heading', { name: 'Account' }).waitFor();
  await page.getByLabel('Your passphrase').fill('three larks after dawn');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('alert').waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.getByLabel('Your passphrase').fill(words);
  await page.getByRole('button', { name: 'Begin' }).click();
  const offer = page.getByRole('dialog', { name: 'Codes of an authenticator' });
  const secret = await offer.locator('code').textContent();
  assert.match(await offer.getByRole('link').getAttribute('href'), /^otpauth:\/\/totp\//);
  assert.deepEqual(await barriers(page), []);
  const wrong = String((Number(codeOf(secret)) + 500_000) % 1_000_000).padStart(6, '0');
  await offer.getByLabel('Code that it shows now').fill(wrong);
  await page.keyboard.press('Enter');
  await offer.getByRole('alert').waitFor();
  await offer.getByLabel('Code that it shows now').fill(codeOf(secret)); // a half minute may end before it is looked at: the one before counts, too
  await page.keyboard.press('Enter');
  const kept = page.getByRole('dialog', { name: 'Recovery codes' });
  await kept.getByRole('button', { name: 'I have kept them' }).waitFor(); // what follows does not wait
  const recovery = await kept.locator('code').allTextContents();
  assert.ok(recovery.length >= 8, `${recovery.length} codes`);
  assert.deepEqual(await barriers(page), []);
  await kept.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('Asked for', { exact: true }).waitFor();

  await logOut(page);
  await begin(page);
  await answer(page, wrong);
  await page.getByRole('alert').getByText('This code does not count').waitFor();
  assert.deepEqual(await barriers(page), []);
  await answer(page, codeOf(secret, 1)); // no code counts twice
  await page.getByRole('navigation').waitFor();

  // the device is lost
  await logOut(page);
  await begin(page);
  await answer(page, recovery[0]);
  await page.getByRole('navigation').waitFor();
  await logOut(page);
  await begin(page);
  await answer(page, recovery[0]);
  await page.getByRole('alert').getByText('This code does not count').waitFor();
  await answer(page, recovery[1]);
  await page.getByRole('navigation').waitFor();
  await page.goto(`${url}/account`);
  await page.getByLabel('Your passphrase').fill(words);
  await page.getByRole('button', { name: 'Log in without codes' }).click();
  await page.locator('.toasts').getByText('No code is asked for any more').waitFor();
  await logOut(page);
  await logIn(page, words, 'tove');
  await page.getByRole('navigation').waitFor();
  await leave(page, /40[0-9]/);
});
