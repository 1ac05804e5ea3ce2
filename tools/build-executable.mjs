// npm run executable -- [--out FILE]: writes the program with its Node as one executable file, for
// Linux with glibc, and the same compressed as FILE.gz,
// with an SBOM (docs/decisions/0054-command-line-in-one-file.md).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

import { readRuleFiles, shippedRules } from '../libs/rule-files/dist/index.js';
import { sbomOf } from './client-sbom.mjs';
import { withNote } from './elf-note.mjs';

const root = resolve(import.meta.dirname, '..');
const bundle = join(root, 'cli/dist/bundle');
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist', `tidewaiter-linux-${process.arch}`) },
    /** A fast one shows an upper bound of the size. */
    level: { type: 'string', default: '9' },
  },
});

const nodePackage = `node-linux-${process.arch}`;

/** In a program of which this ends in 1, Node runs the script of the note. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';

const work = mkdtempSync(join(tmpdir(), 'tidewaiter-executable-'));
try {
  const bytes = withNote(fused(readFileSync(node())), 'NODE_SEA_BLOB', await writeBlob());
  mkdirSync(dirname(options.out), { recursive: true });
  rmSync(options.out, { force: true });
  writeFileSync(options.out, bytes, { mode: 0o755 });
  const compressed = gzipSync(bytes, { level: Number(options.level) });
  writeFileSync(`${options.out}.gz`, compressed);
  const { packages } = client();
  writeFileSync(`${options.out}.cdx.json`, sbomOf([...packages, `node_modules/${nodePackage}`]));
  process.stdout.write(`${options.out} ${megabytes(bytes)} MB, ${megabytes(compressed)} MB compressed\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The Node of the lock file. */
function node() {
  return join(root, 'node_modules', nodePackage, 'bin/node');
}

function client() {
  return JSON.parse(readFileSync(join(bundle, 'client.json'), 'utf8'));
}

function fused(program) {
  const at = program.indexOf(fuse);
  if (at === -1 || program.includes(fuse, at + 1)) throw new Error(`${node()} cannot hold a program`);
  program[at + fuse.length] = '1'.charCodeAt(0);
  return program;
}

/** The entry and all modules of the client, in the form that this version of Node reads. */
async function writeBlob() {
  const rules = join(work, 'rule-files.json');
  process.chdir(root);
  writeFileSync(rules, JSON.stringify(await readRuleFiles([shippedRules])));
  const { chunks } = client();
  const assets = Object.fromEntries([...chunks, 'rules.json'].map((name) => [name, join(bundle, name)]));
  const config = {
    // Relative, as the blob has this path: the same program in another folder gives the same file.
    main: 'executable-entry.cjs',
    output: join(work, 'blob'),
    disableExperimentalSEAWarning: true,
    // As the launcher. Its other flags would cost every command the compiled code that Node brings.
    execArgv: ['--max-semi-space-size=4'],
    assets: { ...assets, 'rule-files.json': rules },
  };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  execFileSync(node(), ['--experimental-sea-config', join(work, 'config.json')], {
    cwd: import.meta.dirname,
    stdio: 'pipe',
  });
  return readFileSync(config.output);
}

function megabytes({ length }) {
  return (length / 1e6).toFixed(1);
}
