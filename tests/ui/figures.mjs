// Figures of the queue with a hundred thousand incidents: from a verdict's key to what is seen of it, and frames while it scrolls.
// Asserts nothing of time; tests/bench/run console shows what came out.
import { test } from 'node:test';
import { ask, enter, open, passphrase, setup } from './world.mjs';

const percentile = (all, p) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * p))];

test('figures', async () => {
  const first = await open();
  await first.goto(setup);
  await first.getByLabel('User name').fill('mara');
  await first.getByLabel('Your name').fill('Mara Lindqvist');
  await first.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await first.getByLabel('Passphrase, again').fill(passphrase);
  await first.getByRole('button', { name: 'Begin' }).click();
  await first.getByRole('navigation').waitFor();
  await ask('source_added');
  await ask('many', { count: 100_000 });
  const page = await enter();
  await page.locator('.grid-row').nth(10).waitFor();
  const verdicts = await page.evaluate(async () => {
    const took = [];
    for (let i = 0; i < 40; i++) {
      const key = 'mupbln'[i % 6];
      const begun = performance.now();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      const words = { m: 'Malicious', u: 'Suspicious', p: 'Spam', b: 'Bulk', l: 'Low Risk', n: 'Known Good' }[key];
      while (!document.querySelector('.grid-row.cursor').textContent.includes(words)) await new Promise((resolve) => requestAnimationFrame(resolve));
      took.push(performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, 100));
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true }));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return took;
  });
  const frames = await page.evaluate(async () => {
    const grid = document.querySelector('.grid');
    const took = [];
    let last = performance.now();
    for (let i = 0; i < 600; i++) {
      grid.scrollTop += 300;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      took.push(performance.now() - last);
      last = performance.now();
    }
    return took;
  });
  console.log(`FIGURES ${JSON.stringify({ verdict: [0.5, 0.99].map((p) => percentile(verdicts, p)), frame: [0.5, 0.99].map((p) => percentile(frames, p)) })}`);
  await page.context().close();
  await first.context().close();
});
