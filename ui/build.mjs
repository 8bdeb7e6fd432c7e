// Bundles the console: `node build.mjs OUT` writes what the binary embeds. `--watch` rebuilds on change.
//
// Everything is one script, one style sheet and one page; each also gzipped, for the server sends that as it is.
import { build, context } from 'esbuild';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes('--watch');
const out = process.argv.slice(2).find((word) => !word.startsWith('--')) ?? join(here, 'dist');
mkdirSync(out, { recursive: true });

const options = {
  entryPoints: { console: join(here, 'src/main.tsx') },
  outdir: out,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
};

// The page names its parts by content, so that a browser may keep them for ever and never has an old one.
function finish() {
  let page = readFileSync(join(here, 'index.html'), 'utf8');
  for (const file of ['console.js', 'console.css']) {
    const hash = createHash('sha256').update(readFileSync(join(out, file))).digest('hex').slice(0, 12);
    page = page.replace(`/${file}`, `/${file}?v=${hash}`);
  }
  writeFileSync(join(out, 'index.html'), page);
  const still = readdirSync(join(here, 'static'));
  for (const file of still) copyFileSync(join(here, 'static', file), join(out, file));
  for (const file of ['index.html', 'console.js', 'console.css', ...still])
    writeFileSync(join(out, `${file}.gz`), gzipSync(readFileSync(join(out, file)), { level: 9 }));
}

if (watch) {
  const running = await context({ ...options, plugins: [{ name: 'finish', setup: (b) => b.onEnd(finish) }] });
  await running.watch();
} else {
  await build(options);
  finish();
}
