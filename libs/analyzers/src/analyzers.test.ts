import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { analyzers, analyzersVersion, wanted } from './index.js';

const folders = readdirSync(__dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const documentation = readFileSync(join(__dirname, '../../../docs/analyzers.md'), 'utf8');

it('lists the analyzer of every folder, by name', () => {
  expect(analyzers.map(({ name }) => name)).toEqual(folders);
});

it.each(folders)('%s has a test, fixtures and a row in docs/analyzers.md', (name) => {
  expect(readdirSync(join(__dirname, name))).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`]));
  expect(readdirSync(join(__dirname, name, 'fixtures'))).not.toEqual([]);
  expect(documentation).toContain(`\n| \`${name}\` |`);
});

it('names a version that changes with every analyzer', () => {
  expect(analyzersVersion).toMatch(/^([a-z-]+@\d+)(,[a-z-]+@\d+)*$/);
  expect(analyzersVersion.split(',')).toHaveLength(analyzers.length);
});

it('wants what any analyzer wants and nothing else', () => {
  expect(['etc/os-release', 'lib/apk/db/installed', 'var/lib/dpkg/status'].every(wanted)).toBe(true);
  expect(['', 'etc/passwd', '/etc/os-release', 'etc/os-release/x'].some(wanted)).toBe(false);
});
