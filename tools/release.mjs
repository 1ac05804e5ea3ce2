// npm run release 0.3.0: gives every package the version, dates the unreleased section of the
// changelog, commits and tags. Nothing is pushed: `git push --follow-tags` starts the release
// workflow.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

import { workspaces } from './workspaces.mjs';

const [version] = process.argv.slice(2);
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const fail = (reason) => {
  console.error(`release: ${reason}`);
  process.exit(2);
};
const edit = (path, change) => {
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) fail(`${path} has nothing to change`);
  writeFileSync(path, after);
};

if (!/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/.test(version ?? '')) fail('usage: npm run release MAJOR.MINOR.PATCH');
if (git('status', '--porcelain') !== '') fail('commit or drop your changes first');
if (git('tag', '--list', `v${version}`) !== '') fail(`v${version} exists`);

const old = /version = '([^']+)'/.exec(readFileSync('libs/domain/src/version.ts', 'utf8'))[1];
const section = /## Unreleased\n([\s\S]*?)(?=\n## |$)/.exec(readFileSync('CHANGELOG.md', 'utf8'))?.[1].trim();
if (!section) fail('CHANGELOG.md has no unreleased changes');

const ownVersion = new RegExp(`("version"|"@tidewaiter/[a-z-]+"): "${old.replaceAll('.', '\\.')}"`, 'g');
for (const { folder } of workspaces)
  edit(`${folder}/package.json`, (text) => text.replace(ownVersion, `$1: "${version}"`));
edit('libs/domain/src/version.ts', (text) => text.replace(`'${old}'`, `'${version}'`));
edit('deploy/helm/tidewaiter/Chart.yaml', (text) =>
  text.replace(/^(version|appVersion): .*$/gm, (_, key) => `${key}: ${version}`),
);
edit('CHANGELOG.md', (text) =>
  text.replace('## Unreleased\n', `## Unreleased\n\n## ${version} - ${new Date().toISOString().slice(0, 10)}\n`),
);
execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
execFileSync('node', ['tools/record-schema.mjs'], { stdio: 'inherit' });
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], {
  stdio: 'inherit',
});

git(
  'commit',
  '--all',
  '--message',
  `Release ${version}`,
  '--message',
  'Versions of all packages, and the date of the changelog.',
);
git('tag', '--annotate', `v${version}`, '--message', `Tidewaiter ${version}\n\n${section}`);
console.log(`v${version} is committed and tagged. Publish it: git push --follow-tags`);
