import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePort } from '@tidewaiter/servers';

const run = promisify(execFile);
const readyWithinMs = 20_000;

export interface RegistryOptions {
  /** URL to which it sends notifications of pushes, as Distribution does. */
  notify?: { url: string; headers?: Record<string, string> };
  /** Required credentials; without them, access is open. */
  auth?: RegistryAccount;
  /** Other accounts with full access; needs `auth`. */
  accounts?: RegistryAccount[];
}

export interface RegistryAccount {
  username: string;
  password: string;
}

export interface TestRegistry {
  /** `127.0.0.1:PORT`, as in image references. */
  host: string;
  url: string;
  auth: RegistryOptions['auth'];
  /** Ends it and removes its images. */
  stop(): Promise<void>;
}

/** Starts Debian's docker-registry with images in a private folder. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'tidewaiter-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  if (options.auth) {
    const lines = await Promise.all([options.auth, ...(options.accounts ?? [])].map(htpasswd));
    await writeFile(join(dir, 'htpasswd'), lines.join(''));
  }
  // YAML is a superset of JSON.
  await writeFile(join(dir, 'config.yml'), JSON.stringify(registryConfig(dir, host, options)));
  const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-4_000)));
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  const deadline = performance.now() + readyWithinMs;
  // The log message proves that this registry, and no other, has the port.
  while (!log.includes(`listening on ${host}`)) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`docker-registry did not start: ${log}`);
    }
    await sleep(10);
  }
  return { host, url: `http://${host}`, auth: options.auth, stop };
}

/**
 * Pushes `image` (`oci:DIR:TAG` and skopeo's other transports) as `name` (`shop/app:1`). Returns
 * the pushed manifest's digest.
 */
export async function pushImage(
  registry: TestRegistry,
  name: string,
  image: string,
  account: RegistryAccount | undefined = registry.auth,
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tidewaiter-push-'));
  const digestFile = join(dir, 'digest');
  const credentials = account ? ['--dest-creds', `${account.username}:${account.password}`] : [];
  const flags = [
    '--insecure-policy',
    'copy',
    '--all',
    '--preserve-digests',
    '--dest-tls-verify=false',
    '--digestfile',
    digestFile,
  ];
  await run('skopeo', [...flags, ...credentials, image, `docker://${registry.host}/${name}`]);
  const digest = await readFile(digestFile, 'utf8');
  await rm(dir, { recursive: true });
  return digest.trim();
}

/** @see https://distribution.github.io/distribution/about/configuration/ */
function registryConfig(dir: string, host: string, { notify, auth }: RegistryOptions) {
  const headers = Object.entries(notify?.headers ?? {}).map(([name, value]) => [name, [value]]);
  const endpoint = { name: 'tidewaiter', timeout: '1s', threshold: 3, backoff: '1s' };
  return {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(dir, 'images') }, delete: { enabled: true } },
    http: { addr: host },
    ...(auth && { auth: { htpasswd: { realm: 'tidewaiter', path: join(dir, 'htpasswd') } } }),
    ...(notify && {
      notifications: { endpoints: [{ ...endpoint, url: notify.url, headers: Object.fromEntries(headers) }] },
    }),
  };
}

/** The registry reads bcrypt only, which Node has not; Debian's perl always has. */
async function htpasswd({ username, password }: RegistryAccount): Promise<string> {
  const salt = '$2b$05$abcdefghijklmnopqrstuu';
  const { stdout } = await run('perl', ['-e', 'print crypt($ARGV[0], $ARGV[1])', password, salt]);
  return `${username}:${stdout}\n`;
}
