// Bundles the console: `node build.mjs OUT` writes what the binary embeds, and web.gresource.xml, which names it. `--watch` rebuilds
// on change.
//
// What the first page needs is one script and one style sheet, other pages and languages come in parts. The page itself says what its
// script is going to ask the API for, so that both are on their way together: queue.html is the page where the queue is shown,
// index.html is that of all other places. Whatever lies in parts/ is
// named by its content, so that a browser may keep it for ever and never has an old one. Each file is also there gzipped, for the
// server sends that as it is.
import { context, build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes('--watch');
const out = process.argv.slice(2).find((word) => !word.startsWith('--')) ?? join(here, 'dist');
const parts = join(out, 'parts');
mkdirSync(out, { recursive: true });

// A language is one object in what is built: to put it together of the objects of its files takes a browser longer than all else that it
// does before it draws.
const languages = {
  name: 'languages',
  setup: (b) => b.onLoad({ filter: /i18n.(en|de)\.ts$/ }, async ({ path }) => {
    const { outputFiles, metafile } = await build({ entryPoints: [path], bundle: true, format: 'esm', write: false, metafile: true });
    const catalogue = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
    const contents = Object.entries(catalogue).map(([name, texts]) => `export const ${name} = ${JSON.stringify(texts)};`).join('\n');
    return { contents, watchFiles: Object.keys(metafile.inputs).map((file) => resolve(file)) };
  }),
};

const options = {
  outdir: parts,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  plugins: [languages],
};
const console_ = { ...options, entryPoints: { console: join(here, 'src/main.tsx') }, splitting: true };
// As ui/src/base/first.ts has them: a browser takes what is on its way for what is asked for when the two addresses are the same.
const asked = { 'index.html': ['/v1/session'] };
asked['queue.html'] = [...asked['index.html'], '/v1/incidents?filter=is%3Aopen&sort=need&limit=200', '/v1/views?limit=500', '/v1/preferences'];

async function finish(built) {
  const outputs = Object.entries(built.metafile.outputs);
  const made = (start, type) => outputs.find(([name, one]) => one.entryPoint?.endsWith(start) && name.endsWith(type));
  const [script, { imports, cssBundle }] = made('src/main.tsx', '.js');
  const address = (file) => `/parts/${basename(file)}`;
  const page = readFileSync(join(here, 'index.html'), 'utf8')
    .replace('/console.css', address(cssBundle))
    .replace('/console.js', address(script))
    .replace('<!-- parts -->\n', imports.filter((one) => one.kind === 'import-statement').map((one) => `<link rel="modulepreload" href="${address(one.path)}">\n`).join(''));
  for (const [name, addresses] of Object.entries(asked))
    writeFileSync(join(out, name), page.replace('<!-- asked -->\n', addresses.map((one) => `<link rel="preload" as="fetch" crossorigin href="${one.replaceAll('&', '&amp;')}">\n`).join('')));
  const still = readdirSync(join(here, 'static'));
  for (const file of still) copyFileSync(join(here, 'static', file), join(out, file));
  const files = [...Object.keys(asked), ...still, ...outputs.map(([name]) => `parts/${basename(name)}`)].sort();
  for (const file of files) writeFileSync(join(out, `${file}.gz`), gzipSync(readFileSync(join(out, file)), { level: 9 }));
  const lines = files.flatMap((file) => [file, `${file}.gz`]).map((file) => `    <file>${file}</file>\n`);
  writeFileSync(join(out, 'web.gresource.xml'), `<?xml version="1.0" encoding="UTF-8"?>\n<gresources>\n  <gresource prefix="/trawl/web">\n${lines.join('')}  </gresource>\n</gresources>\n`);
}

rmSync(parts, { recursive: true, force: true });
if (watch) {
  const running = await context({ ...console_, plugins: [languages, { name: 'finish', setup: (b) => b.onEnd(finish) }] });
  await running.watch();
} else {
  await finish(await build(console_));
}
