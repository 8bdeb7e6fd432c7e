// Lighthouse over pages of the console with the demo organisation, somebody being logged in: as on a desktop, and as on a phone.
//
// TRAWL_LIGHTHOUSE is where the package is installed; the rest is as for tests/ui.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ask, browser, logIn, passphrase, setup, url } from '../../ui/world.mjs';

const need = createRequire(join(process.env.TRAWL_LIGHTHOUSE, 'package.json'));
const { default: lighthouse, desktopConfig } = await import(pathToFileURL(need.resolve('lighthouse')));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('figures', async () => {
  const door = await browser.newPage();
  await door.goto(setup);
  await door.getByLabel('User name').fill('mara');
  await door.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await door.getByLabel('Passphrase, again').fill(passphrase);
  await door.getByRole('button', { name: 'Begin' }).click();
  await door.getByRole('navigation').waitFor();
  const { incidents } = await ask('source_added');
  const port = await freePort();
  const profile = mkdtempSync(join(tmpdir(), 'trawl-lighthouse-'));
  const context = await browser.browserType().launchPersistentContext(profile, {
    executablePath: process.env.TRAWL_CHROMIUM ?? '/usr/bin/chromium', args: [`--remote-debugging-port=${port}`, ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
  });
  const scores = [];
  try {
    const page = await context.newPage();
    await page.goto(`${url}/login`);
    for (const [path, inside] of [['/login', false], ['/incidents', true], [`/incidents/${incidents.find((one) => one.original_id).id}`, true], ['/search?q=salary', true], ['/sources', true], ['/reports', true], ['/settings/email/new?kind=imap', true]]) {
      if (inside && new URL(page.url()).pathname === '/login') {
        await logIn(page);
        await page.getByRole('navigation').waitFor();
      }
      for (const [device, config] of [['desktop', desktopConfig], ['phone', undefined]]) {
        const { lhr } = await lighthouse(`${url}${path}`, { port, logLevel: 'error', disableStorageReset: true, onlyCategories: ['performance', 'accessibility', 'best-practices'] }, config);
        const score = Object.fromEntries(Object.entries(lhr.categories).map(([name, one]) => [name, Math.round(100 * one.score)]));
        const lost = Object.values(lhr.categories).flatMap((one) => one.auditRefs).filter((ref) => ref.weight > 0 && (lhr.audits[ref.id].score ?? 1) < 0.9).map((ref) => `${ref.id} ${lhr.audits[ref.id].displayValue ?? ''}`.trim());
        scores.push({ path: path.replace(/\d+$/, 'N'), device, ...score, lost });
      }
    }
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  console.log(`FIGURES ${JSON.stringify({ scores })}`);
});
