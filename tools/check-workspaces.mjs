// What has to name every workspace does: the compiler's references, the linter's globs, the tree of
// ARCHITECTURE.md.
import { readFileSync } from 'node:fs';

import { libsOf, workspaces } from './workspaces.mjs';

const folders = workspaces.map(({ folder }) => folder);
const kinds = ['pure', 'adapter', 'tests', 'service', 'web', 'cli'];
const text = (path) => readFileSync(path, 'utf8');
const references = (path) => [...text(path).matchAll(/"path": "([^"]+)"/g)].map(([, folder]) => folder);
const globOf = (libs, rest = '') => `"libs/{${libs.join(',')}}/src/**/*.ts"${rest}`;
const isLib = (kind) => workspaces.filter((each) => each.kind === kind && each.folder.startsWith('libs/'));

const faults = [];
for (const { folder, kind } of workspaces) {
  if (!kinds.includes(kind))
    faults.push(`${folder}/package.json: "tidewaiter": { "kind": one of ${kinds.join(', ')} }`);
}
for (const [file, without] of [
  ['tsconfig.json', []],
  // The web pages check their own tests.
  ['tsconfig.tests.json', ['libs/testkit', 'services/console/web']],
]) {
  const named = new Set(references(file));
  for (const folder of folders)
    if (!named.has(folder) && !without.includes(folder)) faults.push(`${file}: no reference to ${folder}`);
  for (const path of named)
    if (!folders.includes(path) && path !== 'tsconfig.tests.json') faults.push(`${file}: no workspace ${path}`);
}
const architecture = text('ARCHITECTURE.md');
const suffix = { pure: '', adapter: '(adapter)', tests: '(tests only)' };
for (const [kind, ending] of Object.entries(suffix)) {
  for (const { folder } of isLib(kind)) {
    const line = architecture.split('\n').find((each) => each.startsWith(`  ${folder.slice('libs/'.length)}/ `));
    const found = /\((?:adapter|tests only)\)$/.exec(line ?? '')?.[0] ?? '';
    if (line === undefined || found !== ending) faults.push(`ARCHITECTURE.md: the tree has no ${folder}/ ${ending}`);
  }
}
const lint = text('.oxlintrc.json');
for (const glob of [globOf(libsOf('pure')), globOf(libsOf('adapter').filter((name) => name !== 'runtime'))]) {
  if (!lint.includes(glob)) faults.push(`.oxlintrc.json: no ${glob}`);
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
