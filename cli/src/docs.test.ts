import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { streams } from '@tidewaiter/events';

const root = resolve(__dirname, '../..');
const skipped = new Set(['node_modules', 'dist', '.git', '.tidewaiter', 'fixtures']);

function files(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path, ending);
    return ending.test(entry.name) ? [path] : [];
  });
}

describe('docs', () => {
  it.each(files(root, /\.md$/).map((path) => [path.slice(root.length + 1), path]))(
    '%s links to what is there',
    (_, path) => {
      const text = readFileSync(path, 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, link]) => link ?? '');
      const broken = links.filter((link) => !existsSync(resolve(dirname(path), link)));
      expect(broken).toEqual([]);
    },
  );

  const variable = /\bTIDEWAITER_[A-Z][A-Z_]*[A-Z]\b/g;
  const streamNames = new Set(streams.map(({ name }) => name));

  /** The variables that files name; one stands for its `_FILE` twin. */
  function variablesIn(paths: readonly string[]): Set<string> {
    const names = paths.flatMap((path) => readFileSync(path, 'utf8').match(variable) ?? []);
    return new Set(names.filter((name) => !streamNames.has(name)).map((name) => name.replace(/_FILE$/, '')));
  }

  const documented = variablesIn([join(root, 'README.md')]);
  const folders = ['libs', 'services', 'cli'].map((folder) => join(root, folder));

  it('the README names every variable that the product reads', () => {
    const read = variablesIn(folders.flatMap((folder) => files(folder, /(?<!\.test)\.ts$/)));
    expect(read).toContain('TIDEWAITER_DATABASE_URL');
    expect([...read.difference(documented)]).toEqual([]);
  });

  it('the README names no variable that nobody reads', () => {
    const code = folders.flatMap((folder) => files(folder, /\.ts$/));
    const read = variablesIn([...code, join(root, 'docker-compose.yml')]);
    expect([...documented.difference(read)]).toEqual([]);
  });
});
