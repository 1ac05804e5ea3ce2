import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { TidewaiterError } from '@tidewaiter/domain';

import type { Programs } from './programs.js';

const run = promisify(execFile);
const packageName = /^[a-z0-9][a-z0-9.+-]{0,80}$/;

/**
 * Files that keep Debian from starting a service when its package is installed, and PostgreSQL from
 * creating a cluster, while apt runs. A file that exists already is the administrator's and stays.
 */
const guards = [
  {
    folder: '/usr/sbin',
    name: 'policy-rc.d',
    text: '#!/bin/sh\n# Left by an interrupted `tidewaiter up`; may be removed.\nexit 101\n',
  },
  {
    folder: '/etc/postgresql-common/createcluster.d',
    name: 'tidewaiter.conf',
    text: '# Left by an interrupted `tidewaiter up`; may be removed.\ncreate_main_cluster = false\n',
  },
];

/** Whether {@link installPackages} can work: only root may, and only where there is apt. */
export function mayInstall({ aptGet }: Programs): boolean {
  return process.getuid?.() === 0 && aptGet !== undefined;
}

/**
 * Installs Debian packages without starting or enabling their services. Only where
 * {@link mayInstall}.
 * @throws TidewaiterError `INSTALL_FAILED` with apt's last lines.
 */
export async function installPackages(names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!packageName.test(name)) throw new TidewaiterError('INSTALL_FAILED', `not a package name: ${name}`);
  }
  const placed = await placeGuards();
  try {
    // Package lists may be absent (a fresh container) or stale: both show as a failed install.
    await apt('install', names).catch(async () => {
      await apt('update', []);
      await apt('install', names);
    });
  } finally {
    for (const path of placed) await rm(path, { force: true });
  }
  // The package is ours alone (it was missing before), so the next boot need not start a second
  // server either.
  for (const name of names) await run('systemctl', ['--quiet', 'disable', `${name}.service`]).catch(() => undefined);
}

/** Returns the packages that apt can install, by new lists. Only where {@link mayInstall}. */
export async function availablePackages(names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  await apt('update', []);
  const isKnown = async (name: string) =>
    run('apt-cache', ['show', '--', name]).then(
      ({ stdout }) => stdout !== '',
      () => false,
    );
  const known = await Promise.all(names.map(isKnown));
  return names.filter((_, index) => known[index]);
}

async function apt(command: 'install' | 'update', names: readonly string[]): Promise<void> {
  const options = [
    '-qq',
    '-y',
    '-o',
    'DPkg::Lock::Timeout=120',
    ...(command === 'install' ? ['--no-install-recommends'] : []),
  ];
  try {
    await run('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, command, ...names], {
      maxBuffer: 16 << 20,
    });
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    const reason = stderr.trim().split('\n').slice(-5).join('\n');
    throw new TidewaiterError('INSTALL_FAILED', `apt-get ${[command, ...names].join(' ')} failed:\n${reason}`, {
      cause,
    });
  }
}

async function placeGuards(): Promise<string[]> {
  const placed: string[] = [];
  for (const { folder, name, text } of guards) {
    const path = `${folder}/${name}`;
    await mkdir(folder, { recursive: true });
    const present = await readFile(path, 'utf8').catch(() => undefined);
    if (present !== undefined && present !== text) continue;
    await writeFile(path, text, { mode: 0o755 });
    placed.push(path);
  }
  return placed;
}
