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

it.each(files(root, /\.md$/).map((path) => [path.slice(root.length + 1), path]))(
  '%s links to what is there',
  (_, path) => {
    const text = readFileSync(path, 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, link]) => link ?? '');
    const broken = links.filter((link) => !existsSync(resolve(dirname(path), link)));
    expect(broken).toEqual([]);
  },
);

it('the README names every variable that the product reads', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const sources = ['libs', 'services', 'cli'].flatMap((folder) => files(join(root, folder), /(?<!\.test)\.ts$/));
  const variables = sources.flatMap(
    (path) => readFileSync(path, 'utf8').match(/\bTIDEWAITER_[A-Z][A-Z_]*[A-Z]\b/g) ?? [],
  );
  const streamNames = new Set(streams.map(({ name }) => name));
  // A listed variable stands for its `_FILE` twin.
  const names = variables.filter((name) => !streamNames.has(name)).map((name) => name.replace(/_FILE$/, ''));
  const missing = new Set(names.filter((name) => !readme.includes(name)));
  expect([...missing]).toEqual([]);
});
