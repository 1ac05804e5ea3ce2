// Checks that every package which a release contains may be used and passed on, and writes the list
// of them: `node tools/check-licenses.mjs [--write]`, docs/licenses.md.
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const page = new URL('docs/licenses.md', root);

/** Licenses that ask for no more than their text to be passed on. */
const permitted = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);

const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'));

/** Packages of production; the lock file marks those of development. */
const shipped = Object.entries(packages)
  .filter(([path, { dev, devOptional, link }]) => path.startsWith('node_modules/') && !dev && !devOptional && !link)
  // A package may be installed more than once, at other versions.
  .map(([path, { version, license = 'not stated' }]) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version,
    license,
  }));

/** SPDX's `OR` leaves the choice to us. */
const isPermitted = ({ license }) => license.split(/ OR |[()]/).some((choice) => permitted.has(choice));

const refused = shipped.filter((each) => !isPermitted(each));
for (const { name, version, license } of refused)
  console.error(`${name} ${version}: license ${license} is not permitted`);

const rows = [...new Set(shipped.map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`))];
const text = `# Licenses of the packages in a release

Generated from \`package-lock.json\` by \`npm run docs\`; do not edit.

Tidewaiter contains ${rows.length} packages of npm. Each permits use and redistribution with its license
text, which the image has in \`node_modules\`, and for packages of the console in \`licenses.md\` beside
its pages. \`npm run licenses\` fails for any other license.

| package | version | license |
| --- | --- | --- |
${rows.toSorted().join('\n')}
`;
if (process.argv.includes('--write')) writeFileSync(page, text);
const isStale = readFileSync(page, 'utf8') !== text;
if (isStale) console.error('docs/licenses.md is stale: run `npm run docs`');
process.exit(refused.length > 0 || isStale ? 1 : 0);
