import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { versionOf } from './analyze-layer.js';
import type { Analyzer } from './analyzer.js';
import { analyzers, analyzersVersion } from './index.js';

const folders = readdirSync(__dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
const documentation = readFileSync(join(__dirname, '../../../docs/analyzers.md'), 'utf8');

describe('analyzers', () => {
  it('list the analyzer of every folder, by name', () => {
    expect(analyzers.map(({ name }) => name)).toEqual(folders.toSorted());
  });

  it.each(folders)('include %s with a test, fixtures and a row in docs/analyzers.md', (name) => {
    expect(readdirSync(join(__dirname, name))).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`]));
    expect(readdirSync(join(__dirname, name, 'fixtures'))).not.toEqual([]);
    expect(documentation).toContain(`\n| \`${name}\` |`);
  });

  it('have a version that changes with every analyzer', () => {
    const [first, ...others] = analyzers as [Analyzer, ...Analyzer[]];
    expect(versionOf(analyzers)).toBe(analyzersVersion);
    expect(versionOf(analyzers.toReversed())).toBe(analyzersVersion);
    expect(versionOf(others)).not.toBe(analyzersVersion);
    expect(versionOf([{ ...first, version: first.version + 1 }, ...others])).not.toBe(analyzersVersion);
  });
});
