// Builds the web pages of the console into services/console/web/dist, unless they are newer than
// their sources, and compresses each file once (docs/decisions/0031-console-in-react.md). The
// launcher, `npm run build`, `npm run dev` and the Dockerfile run it after the compiler.
import { existsSync, globSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = resolve(import.meta.dirname, '..');
const web = join(root, 'services/console/web');
const out = join(web, 'dist');
const stamp = join(out, '.built');
const sources = ['services/console/web/src/**/*', 'services/console/web/*.*', 'libs/domain/src/**/*.ts'];

/** Chunks of earlier builds stay for a day: an open page loads some of its own only later. */
const keepStaleMs = 86_400_000;
/** Smaller files gain nothing. */
const minBytes = 1_024;

if (!isCurrent()) await build();

function isCurrent() {
  if (!existsSync(stamp)) return false;
  const { mtimeMs } = statSync(stamp);
  const inputs = globSync([...sources, 'package-lock.json', 'tools/build-console.mjs'], { cwd: root });
  return inputs.every((path) => statSync(join(root, path)).mtimeMs <= mtimeMs);
}

async function build() {
  const began = new Date();
  // Jest sets another one, with which Vite would mix React's parts for developers into the pages.
  process.env.NODE_ENV = 'production';
  const vite = await import('vite');
  await vite.build({ configFile: join(web, 'vite.config.ts'), logLevel: 'warn' });
  for (const path of globSync('**/*.{html,js,css,svg,md}', { cwd: out })) compress(join(out, path));
  for (const path of globSync('assets/*', { cwd: out })) {
    const file = join(out, path);
    if (began.getTime() - statSync(file).mtimeMs > keepStaleMs) rmSync(file);
  }
  // The time of the start counts: what is edited meanwhile is built the next time.
  writeFileSync(stamp, '');
  utimesSync(stamp, began, began);
}

/** Names in `assets` have a hash of their content, so that a compressed file there is still right. */
function compress(path) {
  const content = readFileSync(path);
  const isHashed = path.startsWith(join(out, 'assets/'));
  if (content.length < minBytes || (isHashed && existsSync(`${path}.br`))) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
