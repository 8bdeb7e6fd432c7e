// Hostile HTML is shown twice guarded, and each guard has to hold without the other: the sanitiser in a page without any
// policy, the frame with HTML that nobody has cleaned. Then both together, as an analyst sees them.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ask, enter, here, leave, open, url } from './world.mjs';

const ui = join(here, '..', '..', 'ui');
const { buildSync } = createRequire(join(ui, 'package.json'))('esbuild');
const bundle = buildSync({ entryPoints: [join(ui, 'src', 'base', 'sanitise.ts')], bundle: true, write: false, format: 'iife', globalName: 'guard' }).outputFiles[0].text;

// Somebody else's server, to which everything in the corpus would like to go.
const visits = [];
const outside = createServer((request, response) => {
  visits.push(request.url);
  response.end();
}).on('connection', () => visits.push('a connection')).listen(0, '127.0.0.1');
await new Promise((resolve) => outside.once('listening', resolve));
after(() => outside.close());
const elsewhere = `http://127.0.0.1:${outside.address().port}`;

const corpus = readdirSync(join(here, 'hostile')).sort().map((file) => ({
  name: file.replace('.html', ''),
  html: readFileSync(join(here, 'hostile', file), 'utf8').replaceAll('OUTSIDE', elsewhere)
    .replace(/REPEAT (\d+) (\S+)/g, (_, times, what) => what.repeat(Number(times))),
}));

/** What is left in a document that runs, loads, sends, leads away or lays itself over what is around it. */
function left(root) {
  const elements = /^(script|style|link|meta|base|form|input|button|select|textarea|iframe|frame|frameset|object|embed|applet|audio|video|source|track|template|dialog|portal|area|map|noscript|svg|math)$/i;
  const leading = /^(on.*|href|src|srcset|srcdoc|imagesrcset|action|formaction|background|poster|data|cite|longdesc|usemap|ping|xlink:href|target|download|http-equiv|autofocus|id|name|is|slot|popover.*|manifest|codebase|classid|archive|profile|dynsrc|lowsrc|attributionsrc)$/i;
  const wrong = [];
  for (const element of root.querySelectorAll('*')) {
    if (elements.test(element.localName) || element.namespaceURI !== 'http://www.w3.org/1999/xhtml') wrong.push(`<${element.localName}>`);
    for (const { name, value } of element.attributes)
      if (leading.test(name) && !(name === 'is' && value === '') && !(name === 'src' && element.localName === 'img' && /^data:image\/(png|jpe?g|gif|webp|bmp);base64,/i.test(value))) wrong.push(`<${element.localName} ${name}="${value.slice(0, 80)}">`);
    // what CSS means is the browser's to say, not that of its letters
    const { style } = element;
    for (const property of style ?? []) {
      const value = style.getPropertyValue(property);
      if (/url\(|image-set\(|src\(|image\(/i.test(value) || (property === 'position' && !/static|relative/.test(value))) wrong.push(`${property}: ${value.slice(0, 80)}`);
    }
  }
  return wrong;
}

test('the sanitiser alone leaves nothing that runs, loads or leads away', async (t) => {
  const page = await open();
  await page.route('http://alone.example/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>alone</title><div id="place"></div>' }));
  await page.goto('http://alone.example/');
  await page.addScriptTag({ content: bundle });
  await page.evaluate((code) => window.eval(`window.left = ${code}; window.ran = []`), left.toString());
  for (const { name, html } of corpus)
    await t.test(name, async () => {
      const found = await page.evaluate(async (given) => {
        // parsed where it cannot run, as the frame does; used where it could
        const inert = document.body.appendChild(document.createElement('iframe'));
        const { html: out } = window.guard.sanitise(given, inert.contentWindow);
        inert.remove();
        const place = document.getElementById('place');
        place.innerHTML = out;
        await new Promise((resolve) => setTimeout(resolve, 60));
        const wrong = window.left(place);
        // and once more, for what changes its meaning when it is read again
        place.innerHTML = place.innerHTML;
        wrong.push(...window.left(place));
        return { wrong, ran: window.ran, url: location.href };
      }, html);
      assert.deepEqual(found.wrong, []);
      assert.deepEqual(found.ran, []);
      assert.equal(page.url(), 'http://alone.example/');
    });
  assert.deepEqual(page.asked.filter((address) => !address.startsWith('data:')), ['http://alone.example/']);
  assert.deepEqual(visits, []);
  await page.context().close();
});

test('the frame alone runs and loads nothing, whatever is put into it', async (t) => {
  const page = await open();
  const around = `${url}/around.html`;
  await page.route(around, (route) => route.fulfill({ contentType: 'text/html', headers: { 'content-security-policy': "frame-src 'self'" },
    body: '<!doctype html><title>around</title><script>window.ran = []</script><iframe sandbox="allow-same-origin" src="/frame.html"></iframe>' }));
  const went = [];
  page.on('requestfinished', (request) => went.push(request.url()));
  // what the browser refuses before it goes anywhere is in its log all the same
  page.on('requestfailed', (request) => !['csp', 'origin'].includes(request.failure().errorText) && went.push(`${request.url()} ${request.failure().errorText}`));
  for (const { name, html } of corpus)
    await t.test(name, async () => {
      await page.goto(around);
      went.length = visits.length = 0;
      await page.evaluate(async (given) => {
        const inner = document.querySelector('iframe').contentDocument;
        inner.body.innerHTML = given;
        // as if a parser had met it: what innerHTML does not start, this would
        for (const old of inner.querySelectorAll('script')) {
          const anew = inner.createElement('script');
          for (const { name: attribute, value } of old.attributes) anew.setAttribute(attribute, value);
          anew.textContent = old.textContent;
          old.replaceWith(anew);
        }
        await new Promise((resolve) => setTimeout(resolve, 150));
      }, html);
      assert.deepEqual(visits, []);
      await page.evaluate(async () => {
        for (const leads of [...document.querySelector('iframe').contentDocument.querySelectorAll('a, area, button, input')].slice(0, 50)) leads.click?.();
        await new Promise((resolve) => setTimeout(resolve, 150));
      });
      assert.deepEqual(await page.evaluate(() => window.ran), []);
      assert.equal(page.url(), around);
      assert.deepEqual(went.filter((address) => !/^(data|blob|about):/.test(address)), []);
      // a link that is clicked may have the browser connect before it asks the policy; nothing is said over that connection
      assert.deepEqual(visits.filter((visit) => visit !== 'a connection'), []);
    });
  await page.context().close();
});

test('both together show a reported message, and nobody outside hears of it', async () => {
  visits.length = 0;
  const { incident } = await ask('hostile', { html: corpus.map(({ html }) => html).join('\n'), subject: 'Look at all this' });
  const page = await enter(`/incidents/${incident.id}`);
  await page.frameLocator('iframe').locator('body').getByText('half past nine').first().waitFor();
  const frame = page.frames().find((one) => one.url() === `${url}/frame.html`);
  assert.deepEqual(await frame.evaluate(`(${left})(document.body)`), []);
  await page.getByRole('tab', { name: /^Links/ }).click();
  await page.getByRole('tab', { name: 'Text' }).click();
  // what the browser tells of the inert document in which it was parsed
  await leave(page, /sandboxed|Content Security Policy/);
  assert.deepEqual(visits, []);
});
