// What the tests of the console stand on: a daemon of its own, a browser, and a page that keeps account of all it does.
//
// Whatever a page asks for, and every violation of its policy, is written down; leave() is how a test ends with a page, and it
// fails when the page has asked another origin for anything or when its policy had to stop something.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
const need = createRequire(join(process.env.TRAWL_UI_PEERS ?? here, 'package.json'));
const { chromium } = need('playwright-core');
const axeScript = need.resolve('axe-core');

export const passphrase = 'four herons over water';

const world = spawn('python3', [join(here, 'world.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: world.stdout })[Symbol.asyncIterator]();
async function answer() {
  const { value, done } = await answers.next();
  assert.ok(!done, 'the daemon did not start');
  const said = JSON.parse(value);
  assert.equal(said.problem, undefined);
  return said;
}

/** Asks tests/ui/world.py for something; one at a time. */
export async function ask(what, given = {}) {
  world.stdin.write(`${JSON.stringify({ do: what, ...given })}\n`);
  return answer();
}

export const { url, setup } = await answer();
export const browser = await chromium.launch({
  executablePath: process.env.TRAWL_CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});

after(async () => {
  await browser.close();
  world.stdin.end();
  await new Promise((resolve) => world.once('exit', resolve));
});

/** A window of its own: nobody is logged in there. */
export async function open({ axe = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'en-GB', ...options });
  context.setDefaultTimeout(60_000); // how soon something comes is for the benches to say: these run on machines that are busy
  await context.addInitScript(() => {
    window.violations = [];
    addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile ?? ''}:${event.lineNumber} ${event.sample}`));
  });
  if (axe) await context.addInitScript({ path: axeScript });
  const page = await context.newPage();
  page.asked = [];
  page.said = [];
  page.on('request', (request) => page.asked.push(request.url()));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && page.said.push(message.text()));
  page.on('pageerror', (error) => page.said.push(String(error)));
  return page;
}

let kept;
/** A window of the administrator whom the first test has made. */
export async function enter(path = '/', options = {}) {
  if (!kept) {
    const door = await open();
    await door.goto(`${url}/login`);
    await logIn(door);
    await door.getByRole('navigation').waitFor();
    kept = await door.context().storageState();
    await door.context().close();
  }
  const page = await open({ storageState: kept, ...options });
  await page.goto(url + path);
  await page.getByRole('navigation').waitFor();
  return page;
}

export async function logIn(page, words = passphrase, name = 'mara') {
  await page.getByLabel('User name').waitFor();
  if (await page.getByLabel('Account').count()) await page.getByLabel('Account').selectOption('Trawl’s own');
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Passphrase').fill(words);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

export const ownFiles = (address) => address.startsWith(`${url}/`) || address === 'about:blank' || address.startsWith('blob:') || address.startsWith('data:');

/** Holds a page to account for all it did since the last time. @expected: what its log may contain. */
export async function account(page, expected = /(?!)/) {
  const violations = await Promise.all(page.frames().map((frame) => frame.evaluate(() => window.violations?.splice(0) ?? []).catch(() => [])));
  assert.deepEqual(violations.flat(), []);
  assert.deepEqual(page.said.splice(0).filter((line) => !expected.test(line)), []);
  assert.deepEqual(page.asked.splice(0).filter((address) => !ownFiles(address)), []);
}

/** Closes a window after that. */
export async function leave(page, expected) {
  await account(page, expected);
  await page.context().close();
}

/** What axe has against the page as it stands, a line an element. The page was opened with { axe: true }. */
export async function barriers(page, rules = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }) {
  const { violations } = await page.evaluate((runOnly) => window.axe.run(document, { runOnly, resultTypes: ['violations'], iframes: false }), rules);
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ''}`));
}
