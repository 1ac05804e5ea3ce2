// npm run package -- [--out FOLDER]: writes the program as a package for npm, all commands but the
// services and without a dependency, `tidewaiter-npm-VERSION.tgz`; and an SBOM of it, with `.cdx.json`
// (docs/decisions/0054-command-line-in-one-file.md).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { sbomOf } from './client-sbom.mjs';

const root = resolve(import.meta.dirname, '..');
const bundle = 'cli/dist/bundle';
const json = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const { values: options } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } });

const { version } = json('cli/package.json');
const { license, description, engines } = json('package.json');

/** Set in the release workflow; npm compares its provenance with this place. */
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;

/** A Node that is too old fails at a function that it lacks, which names no reason. */
const program = `#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 11)) {
  console.error(\`tidewaiter: Node \${process.versions.node} is too old: install Node 24.11 or newer\`);
  process.exit(2);
}
await import('./${bundle}/main.js');
`;

const readme = `# Tidewaiter

${description}. This package is its command line:

\`\`\`sh
npx tidewaiter scan nginx:1.25
npx tidewaiter --help
\`\`\`

It has every command but those that run the platform or work on its database, and no dependency.
`;

const work = mkdtempSync(join(tmpdir(), 'tidewaiter-package-'));
try {
  const { chunks, packages } = json(`${bundle}/client.json`);
  for (const path of ['LICENSE', 'rules', ...[...chunks, 'rules.json'].map((name) => `${bundle}/${name}`)]) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    cpSync(join(root, path), join(work, path), { recursive: true });
  }
  const manifest = {
    name: 'tidewaiter',
    version,
    description,
    license,
    type: 'module',
    bin: { tidewaiter: 'tidewaiter.js' },
    engines,
    ...(GITHUB_REPOSITORY && { repository: { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` } }),
  };
  writeFileSync(join(work, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(work, 'README.md'), readme);
  writeFileSync(join(work, 'tidewaiter.js'), program, { mode: 0o755 });
  mkdirSync(options.out, { recursive: true });
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', options.out], {
    cwd: work,
    encoding: 'utf8',
  });
  const [{ filename, size, files }] = JSON.parse(packed);
  // The chart of a release has npm's name.
  const path = join(options.out, `tidewaiter-npm-${version}.tgz`);
  renameSync(join(options.out, filename), path);
  writeFileSync(`${path}.cdx.json`, sbomOf(packages));
  process.stdout.write(`${path} ${(size / 1e6).toFixed(1)} MB, ${files.length} files\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
