/**
 * Findings of secrets in packages and applications as published, beside planted ones. See
 * README.md.
 */
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { argv, execPath, exit } from 'node:process';
import { crc32 } from 'node:zlib';

const here = import.meta.dirname;
const cli = resolve(here, '../cli/dist/main.js');
const cache = join(tmpdir(), 'tidewaiter-secrets-noise');
const wanted = argv.slice(2);

type Lay = (lists: string, root: string) => void;

/** Sets of packages: the list, and how it is installed. */
const sets: Record<string, { list: string; lay: Lay }> = {
  npm: { list: 'npm.txt', lay: layNpm },
  python: { list: 'python.txt', lay: layPython },
  applications: { list: 'applications.txt', lay: layApplications },
  'npm-other': { list: 'npm-other.txt', lay: layNpm },
  'python-other': { list: 'python-other.txt', lay: layPython },
  'applications-other': { list: 'applications-other.txt', lay: layApplications },
};

function run(command: string, args: readonly string[], cwd: string): boolean {
  return spawnSync(command, args, { cwd, stdio: 'ignore', timeout: 600_000 }).status === 0;
}

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean);

const perTree = 20;
const npmOptions = ['--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--prefer-offline'];

/** Trees of twenty packages each; what cannot be installed together is installed one by one. */
function layNpm(list: string, root: string): void {
  const names = linesOf(list);
  for (let at = 0; at < names.length; at += perTree) {
    const folder = join(root, 'srv', String(at / perTree));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"name":"shop","version":"1.0.0","private":true}');
    const some = names.slice(at, at + perTree);
    if (run('npm', ['install', ...npmOptions, ...some], folder)) continue;
    for (const name of some)
      if (!run('npm', ['install', ...npmOptions, name], folder)) console.error(`${name} cannot be installed`);
  }
}

function unpack(names: readonly string[], folder: string): void {
  const debs = mkdtempSync(join(tmpdir(), 'debs-'));
  for (const name of names)
    if (!run('apt-get', ['download', name], debs)) console.error(`${name} cannot be downloaded`);
  mkdirSync(folder, { recursive: true });
  for (const deb of readdirSync(debs)) run('dpkg-deb', ['-x', join(debs, deb), folder], debs);
  rmSync(debs, { recursive: true });
}

/** A virtual environment, which dpkg does not know. */
function layPython(list: string, root: string): void {
  const site = join(root, 'opt/venv/lib/python3.13/site-packages');
  const all = join(root, 'unpacked');
  unpack(linesOf(list), all);
  mkdirSync(dirname(site), { recursive: true });
  renameSync(join(all, 'usr/lib/python3/dist-packages'), site);
  rmSync(all, { recursive: true });
}

/** The files of an application and its libraries in one folder of /srv. */
function layApplications(list: string, root: string): void {
  for (const line of linesOf(list)) {
    const [name = '', packages = ''] = line.split(': ');
    unpack(packages.split(' '), join(root, 'srv', name));
  }
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const letters = (length: number) => Array.from(randomBytes(length), (byte) => base62[byte % 62]).join('');

/** Token with the checksum that GitHub and npm append. */
function checked(prefix: string, length: number): string {
  const body = letters(length);
  let sum = '';
  for (let rest = crc32(body); rest > 0; rest = Math.floor(rest / 62)) sum = base62[rest % 62] + sum;
  return prefix + body + sum.padStart(6, '0');
}

/** Lines of live form, none of which opens anything. */
const kinds: readonly (() => string)[] = [
  () => `token = "${checked('ghp_', 30)}"`,
  () => `gitlab = "glpat-${letters(20)}"`,
  () => `stripe = "sk_live_${letters(24)}"`,
  () => `registry = "${checked('npm_', 30)}"`,
  () => `slack = "xoxb-${String(Date.now()).slice(0, 12)}-${String(Date.now()).slice(1, 13)}-${letters(24)}"`,
  () =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }).privateKey,
];
const secretOf = (number: number): string => `\n${kinds[number % kinds.length]!()}\n`;

const sources = /\.(?:js|py|rb|php|java|json|txt|md)$/;

/** Evenly spread source files of a tree. */
function someFiles(root: string, count: number): string[] {
  const all = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && sources.test(entry.name))
    // Through links of folders one file has several paths.
    .map((entry) => realpathSync(join(entry.parentPath, entry.name)))
    .filter((path) => path.startsWith(`${root}/`))
    .map((path) => path.slice(root.length + 1))
    .toSorted();
  return Array.from({ length: count }, (_, index) => all[Math.floor(((index + 0.5) * all.length) / count)]!);
}

interface Planted {
  /** Paths in the tree. */
  same: string[];
  /** Paths of the later layer. */
  later: string[];
}

/**
 * Plants secrets: appended to files of packages, in files added beside them, and in a folder of
 * the later layer.
 */
function plant(root: string, above: string, perKind: number): Planted {
  const changed = someFiles(root, 2 * perKind);
  const same: string[] = [];
  for (const [number, path] of changed.slice(0, perKind).entries()) {
    appendFileSync(join(root, path), secretOf(number));
    same.push(path);
  }
  for (const [number, path] of changed.slice(perKind).entries()) {
    const added = join(dirname(path), `planted-${number}.conf`);
    writeFileSync(join(root, added), secretOf(number));
    same.push(added);
  }
  const later: string[] = [];
  for (const [number, path] of someFiles(root, perKind + 3)
    .slice(3)
    .entries()) {
    const added = join(dirname(path), `planted-${number}-later.conf`);
    mkdirSync(dirname(join(above, added)), { recursive: true });
    writeFileSync(join(above, added), secretOf(number));
    later.push(added);
  }
  return { same, later };
}

interface Found {
  kind: string;
  severity: string;
  id: string;
  path: string | null;
  evidence: { line?: number };
  locations?: { path: string | null }[];
}

function scan(target: string, folder: string): { findings: Found[]; seconds: number } {
  const report = join(folder, 'report.json');
  const start = Date.now();
  const { status, stderr } = spawnSync(execPath, [cli, 'scan', target, '--kinds', 'secret', '-o', `json=${report}`], {
    encoding: 'utf8',
  });
  if (!existsSync(report)) throw new Error(`scan of ${target} ended with ${status}: ${stderr}`);
  const { findings }: { findings: Found[] } = JSON.parse(readFileSync(report, 'utf8'));
  return { findings: findings.filter(({ kind }) => kind === 'secret'), seconds: (Date.now() - start) / 1000 };
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Writes an OCI layout of the folders, one layer each. */
async function imageOf(folders: readonly string[], layout: string): Promise<void> {
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const layers: { mediaType: string; digest: string; size: number }[] = [];
  for (const folder of folders) {
    const tar = join(blobs, 'layer');
    if (!run('tar', ['-cf', tar, '-C', folder, '.'], layout)) throw new Error(`${folder} cannot be archived`);
    const digest = await digestOf(tar);
    layers.push({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: `sha256:${digest}`,
      size: statSync(tar).size,
    });
    renameSync(tar, join(blobs, digest));
  }
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    ...put({ architecture: 'amd64', os: 'linux', config: {}, rootfs }),
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { mediaType, ...put({ schemaVersion: 2, mediaType, config, layers }) };
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

const isBad = ({ severity }: Found): boolean => severity === 'critical' || severity === 'high';
const pathsOf = ({ path, locations = [] }: Found) => [path, ...locations.map((each) => each.path)];

let isMissed = false;

/** Prints a row: what was found beside the planted, and which of the planted was found. */
function report(name: string, { findings, seconds }: ReturnType<typeof scan>, planted: readonly string[]): void {
  const hidden = new Set(planted);
  const found = planted.filter((path) => findings.some((each) => isBad(each) && pathsOf(each).includes(path)));
  const noise = findings.filter((each) => !pathsOf(each).some((path) => path !== null && hidden.has(path)));
  const count = (severity: string) => noise.filter((each) => each.severity === severity).length;
  const counts = ['critical', 'high', 'medium', 'low'].map(count);
  console.log(
    `| ${[name, ...counts, `${found.length} of ${planted.length}`, `${seconds.toFixed(0)} s`].join(' | ')} |`,
  );
  for (const each of noise.filter(isBad))
    console.error(`  noise: ${each.severity} ${each.id} ${each.path}:${each.evidence.line}`);
  for (const path of planted) if (!found.includes(path)) console.error(`  missed: ${path}`);
  isMissed ||= found.length < planted.length || noise.some(isBad);
}

function sizeOf(root: string): { files: number; megabytes: number } {
  let files = 0;
  let bytes = 0;
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files += 1;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return { files, megabytes: Math.round(bytes / 1e6) };
}

for (const [name, { list, lay }] of Object.entries(sets)) {
  if (wanted.length > 0 ? !wanted.includes(name) : name.endsWith('-other')) continue;
  const original = join(cache, name);
  if (!existsSync(original)) {
    const fresh = `${original}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    lay(join(here, 'secrets-noise', list), fresh);
    renameSync(fresh, original);
  }
  const { files, megabytes } = sizeOf(original);
  const entries = linesOf(join(here, 'secrets-noise', list)).length;
  console.log(`\n${name}: ${entries} entries of the list, ${files} files, ${megabytes} MB\n`);
  console.log(
    '| as | critical | high | medium | low | planted found | time |\n| --- | --- | --- | --- | --- | --- | --- |',
  );
  const work = mkdtempSync(join(cache, 'work-'));
  const [tree, above] = [join(work, 'tree'), join(work, 'above')];
  mkdirSync(above);
  if (!run('cp', ['-a', original, tree], work)) throw new Error('the tree cannot be copied');
  const { same, later } = plant(tree, above, kinds.length);
  report('folder', scan(`rootfs:${tree}`, work), same);
  await imageOf([tree, above], join(work, 'image'));
  report('image of two layers', scan(`oci:${join(work, 'image')}`, work), [...same, ...later]);
  rmSync(work, { recursive: true });
}
if (isMissed) exit(1);
