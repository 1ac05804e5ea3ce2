/**
 * Verdicts on root file systems as users have them: Debian's packages with their dependencies,
 * trees of npm, and Python packages as a virtual environment. See README.md.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, execPath } from 'node:process';

import { measure, nodeFlags } from './measure.ts';

/** One root: packages of Debian with their database, of npm in /app, of Python in /opt/venv. */
interface Root {
  name: string;
  apt?: string[];
  npm?: string[];
  venv?: string[];
}

const roots: Root[] = [
  { name: 'chromium', apt: ['chromium'] },
  { name: 'firefox', apt: ['firefox-esr'] },
  { name: 'ansible', venv: ['ansible', 'ansible-core'] },
  { name: 'postgresql', apt: ['postgresql'] },
  { name: 'tomcat', apt: ['openjdk-21-jre-headless', 'tomcat10'] },
  { name: 'rails', apt: ['rails'] },
  { name: 'wordpress', apt: ['wordpress', 'apache2', 'php-fpm'] },
  { name: 'mediawiki', apt: ['mediawiki'] },
  { name: 'phpmyadmin', apt: ['phpmyadmin'] },
  { name: 'airflow-like', venv: ['python3-flask', 'python3-sqlalchemy', 'celery', 'python3-alembic', 'gunicorn'] },
  {
    name: 'jupyter',
    venv: ['jupyterlab', 'jupyter-notebook', 'python3-pandas', 'python3-scipy', 'python3-matplotlib'],
  },
  { name: 'django', venv: ['python3-django', 'python3-djangorestframework', 'python3-psycopg2', 'python3-boto3'] },
  { name: 'next', npm: ['next', 'react', 'react-dom', 'typescript', 'tailwindcss', 'eslint'] },
  {
    name: 'nest',
    npm: ['@nestjs/core', '@nestjs/common', '@nestjs/platform-express', 'typeorm', 'pg', 'jest', 'rxjs'],
  },
  { name: 'serverless', npm: ['aws-sdk', '@aws-sdk/client-s3', 'firebase', 'googleapis', 'stripe', 'webpack'] },
  { name: 'nginx', apt: ['nginx', 'libnginx-mod-http-perl'] },
  { name: 'mariadb', apt: ['mariadb-server'] },
  { name: 'redis', apt: ['redis-server', 'memcached'] },
  { name: 'haproxy', apt: ['haproxy', 'varnish', 'squid'] },
  { name: 'mail', apt: ['postfix', 'dovecot-core', 'roundcube-core'] },
  { name: 'rabbitmq', apt: ['rabbitmq-server'] },
  { name: 'prometheus', apt: ['prometheus', 'influxdb', 'etcd-server'] },
  { name: 'docker', apt: ['docker.io', 'git', 'git-lfs'] },
  { name: 'go', apt: ['golang-go'] },
  { name: 'rust', apt: ['rustc', 'cargo'] },
  { name: 'gcc', apt: ['gcc', 'g++', 'cmake', 'gdb'] },
  { name: 'llvm', apt: ['llvm', 'clang'] },
  { name: 'r-base', apt: ['r-base-core'] },
  { name: 'perl-catalyst', apt: ['libcatalyst-perl'] },
  { name: 'mono', apt: ['mono-runtime', 'mono-devel'] },
  { name: 'texlive', apt: ['texlive-latex-base'] },
  { name: 'libreoffice', apt: ['libreoffice-writer-nogui'] },
  { name: 'qemu', apt: ['qemu-system-x86'] },
  { name: 'puppet', apt: ['puppetserver'] },
];

const tidewaiter = [execPath, ...nodeFlags, resolve(import.meta.dirname, '../cli/dist/bundle/main.js')];
const asked = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'tidewaiter-roots-'));
const archives = join(env['ARCHIVES'] ?? join(work, 'archives'));
const base = ['base-files', 'bash', 'coreutils', 'dpkg', 'openssl', 'ca-certificates', 'ssl-cert'];
const kinds = 'secret,integrity,malware,supply-chain';

interface Report {
  packages: unknown[];
  findings: { severity: string; id: string; path: string | null }[];
  warnings: { code: string; path: string | null; message: string }[];
  verdict: { result: string; reasons: string[] };
  stats: { files: number; bytesRead: number };
}

console.log(columns('root', 'MB', 'files', 'packages', 'findings (crit+high)', 'warnings', 'verdict', 's', 'peak MB'));
let unknown = 0;
for (const root of roots.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  const folder = join(work, 'root');
  try {
    build(root, folder);
    await scan(root.name, folder);
  } catch (error) {
    unknown += 1;
    console.log(`${root.name}: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`);
  }
  rmSync(folder, { recursive: true, force: true });
}
rmSync(work, { recursive: true, force: true });
console.log(`${unknown} without a verdict`);
process.exit(unknown === 0 ? 0 : 1);

async function scan(name: string, folder: string): Promise<void> {
  const file = join(work, 'report.json');
  const { wallSeconds, peakMegabytes } = await measure([
    ...[...tidewaiter, 'scan', `rootfs:${folder}`, '--kinds', kinds, '--quiet', '-o', `json=${file}`],
    ...['--cache-dir', join(work, 'cache')],
  ]);
  const { packages, findings, warnings, verdict, stats } = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const serious = findings.filter(isSerious).length;
  if (verdict.result === 'unknown') unknown += 1;
  const codes = Object.entries(Object.groupBy(warnings, ({ code }) => code)).map(
    ([code, all]) => `${all!.length} ${code}`,
  );
  const megabytes = Number(execFileSync('du', ['-sm', folder], { encoding: 'utf8' }).split('\t')[0]);
  const counts = [stats.files, packages.length, `${findings.length} (${serious})`, codes.join(', ') || '0'];
  console.log(columns(name, megabytes, ...counts, verdict.result, wallSeconds.toFixed(1), peakMegabytes.toFixed(0)));
  if (env['SHOW'] === '1') {
    for (const { code, path, message } of warnings.slice(0, 4)) console.log(`  ${code} ${path}: ${message}`);
    for (const { severity, id, path } of findings.filter(isSerious)) console.log(`  ${severity} ${id} ${path}`);
  }
  if (verdict.result === 'unknown') console.log(`  ${verdict.reasons.slice(0, 3).join('; ').slice(0, 300)}`);
}

function isSerious({ severity }: { severity: string }): boolean {
  return severity === 'critical' || severity === 'high';
}

function columns(...cells: (string | number)[]): string {
  const widths = [15, 6, 7, 9, 22, 40, 8, 6, 8];
  return cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0)).join(' ');
}

function build({ apt = [], npm = [], venv = [] }: Root, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const link of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(folder, 'usr', link), { recursive: true });
    symlinkSync(`usr/${link}`, join(folder, link));
  }
  installPackages(folder, [
    ...base,
    ...apt,
    ...(npm.length > 0 ? ['nodejs'] : []),
    ...(venv.length > 0 ? ['python3'] : []),
  ]);
  if (npm.length > 0) installFromNpm(join(folder, 'app'), npm);
  if (venv.length > 0) installVenv(join(folder, 'opt/venv'), venv);
}

/** Unpacks packages with all that they need, and writes the database that dpkg would. */
function installPackages(folder: string, names: readonly string[]): void {
  const info = join(folder, 'var/lib/dpkg/info');
  mkdirSync(info, { recursive: true });
  const stanzas: string[] = [];
  for (const file of downloaded(names)) {
    execFileSync('dpkg-deb', ['-x', file, folder]);
    const fields = execFileSync('dpkg-deb', ['-f', file], { encoding: 'utf8' });
    stanzas.push(fields.replace(/^(Package: .*\n)/, '$1Status: install ok installed\n'));
    writeInfo(info, file, fields);
  }
  writeFileSync(join(folder, 'var/lib/dpkg/status'), `${stanzas.join('\n')}\n`);
}

function writeInfo(info: string, file: string, fields: string): void {
  const fieldOf = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(fields)?.[1] ?? '';
  const isSame = fieldOf('Multi-Arch') === 'same';
  const name = `${fieldOf('Package')}${isSame ? `:${fieldOf('Architecture')}` : ''}`;
  const control = join(work, 'control');
  execFileSync('dpkg-deb', ['-e', file, control]);
  for (const kind of ['md5sums', 'conffiles']) {
    if (existsSync(join(control, kind))) cpSync(join(control, kind), join(info, `${name}.${kind}`));
  }
  rmSync(control, { recursive: true });
  const list = execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | tar -t', 'sh', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  writeFileSync(
    join(info, `${name}.list`),
    list
      .replace(/^\.\/?/gm, '/')
      .replace(/(.)\/$/gm, '$1')
      .replace(/^\/$/m, '/.'),
  );
}

/** Downloads packages with all that they need, as for an empty machine. */
function downloaded(names: readonly string[]): string[] {
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const empty = join(work, 'status');
  writeFileSync(empty, '');
  const options = [`Dir::State::status=${empty}`, `Dir::Cache::archives=${archives}`, 'Debug::NoLocking=1'];
  const apt = (...more: string[]) =>
    execFileSync(
      'apt-get',
      [...options.flatMap((option) => ['-o', option]), '-qq', '--no-install-recommends', '-y', ...more, ...names],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 },
    );
  const wanted = apt('install', '--print-uris').matchAll(/'[^']+' (\S+\.deb) /g);
  const needed = new Set(Array.from(wanted, ([, file]) => file!));
  apt('install', '--download-only');
  const known = apt('install', '-s').matchAll(/^Inst (\S+) \((\S+) /gm);
  for (const [, name, version] of known) needed.add(`${name}_${version!.replaceAll(':', '%3a')}_`);
  const prefixes = [...needed].map((file) => file.replace(/[^_]*\.deb$/, ''));
  return readdirSync(archives)
    .filter((file) => file.endsWith('.deb') && prefixes.some((prefix) => file.startsWith(prefix)))
    .map((file) => join(archives, file));
}

function installFromNpm(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name": "app", "version": "1.0.0"}\n');
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', ...names], {
    cwd: folder,
  });
}

/** Lays Debian's Python packages out as pip would, without dpkg's ownership. */
function installVenv(folder: string, names: readonly string[]): void {
  const unpacked = join(work, 'unpacked');
  for (const file of downloaded(names))
    if (/\/(?:python3-|ansible|jupyter|celery|gunicorn)/.test(file)) execFileSync('dpkg-deb', ['-x', file, unpacked]);
  const site = join(folder, 'lib/python3.13/site-packages');
  mkdirSync(site, { recursive: true });
  writeFileSync(join(folder, 'pyvenv.cfg'), 'home = /usr/bin\nversion = 3.13\n');
  const from = join(unpacked, 'usr/lib/python3/dist-packages');
  for (const name of readdirSync(from))
    cpSync(join(from, name), join(site, name), { recursive: true, verbatimSymlinks: true });
  rmSync(unpacked, { recursive: true });
}
