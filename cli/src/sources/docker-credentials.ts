import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { InvalidInput, Secret } from '@tidewaiter/domain';

import { environment } from '../context.js';

export interface Credentials {
  username: string;
  password: Secret;
}

interface DockerConfig {
  auths?: Record<string, { auth?: unknown; username?: unknown; password?: unknown }>;
  credHelpers?: Record<string, unknown>;
  credsStore?: unknown;
}

const helperTimeoutMs = 10_000;
const helperName = /^[A-Za-z0-9_-]{1,64}$/;
/** Key of Docker Hub in Docker's configuration. */
const dockerHubKey = 'https://index.docker.io/v1/';

/**
 * Credentials that `docker login` stored for this registry, never those of another one.
 * @throws InvalidInput `DOCKER_CONFIG`
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export async function dockerCredentials(host: string): Promise<Credentials | undefined> {
  const config = await readConfig();
  const keys = host === 'docker.io' ? [dockerHubKey, 'docker.io'] : [host, `https://${host}`, `http://${host}`];
  for (const key of keys) {
    const helper = own(config.credHelpers, key) ?? (own(config.auths, key) ? config.credsStore : undefined);
    const found = typeof helper === 'string' ? await askHelper(helper, key) : readAuth(own(config.auths, key));
    if (found) return found;
  }
  return typeof config.credsStore === 'string' ? askHelper(config.credsStore, keys[0]!) : undefined;
}

async function readConfig(): Promise<DockerConfig> {
  const folder = environment['DOCKER_CONFIG'] || join(homedir(), '.docker');
  const path = join(folder, 'config.json');
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === 'object' && config !== null) return config;
  } catch {
    // Reported below; the parser's message would quote the file.
  }
  throw new InvalidInput('DOCKER_CONFIG', `${path} is not a JSON object`);
}

function own<Value>(map: Record<string, Value> | undefined, key: string): Value | undefined {
  return map && Object.hasOwn(map, key) ? map[key] : undefined;
}

function readAuth(
  entry: { auth?: unknown; username?: unknown; password?: unknown } | undefined,
): Credentials | undefined {
  const { auth, username, password } = entry ?? {};
  if (typeof username === 'string' && typeof password === 'string') return { username, password: new Secret(password) };
  if (typeof auth !== 'string') return undefined;
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  // An empty password accompanies an identity token, which is for Docker's own login server.
  return colon < 1 || colon === text.length - 1
    ? undefined
    : { username: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}

/**
 * Credentials of a helper; without the helper or an entry the registry is queried without
 * credentials.
 */
async function askHelper(name: string, server: string): Promise<Credentials | undefined> {
  if (!helperName.test(name)) throw new InvalidInput('DOCKER_CONFIG', 'the name of a credential helper is not usable');
  const answer = await new Promise<string>((resolve) => {
    const options = { timeout: helperTimeoutMs, maxBuffer: 1024 * 1024 };
    const helper = execFile(`docker-credential-${name}`, ['get'], options, (error, stdout) =>
      resolve(error ? '{}' : stdout),
    );
    helper.stdin?.on('error', () => undefined);
    helper.stdin?.end(server);
  });
  try {
    const { Username: username, Secret: secret } = JSON.parse(answer) as { Username?: unknown; Secret?: unknown };
    // An identity token is for Docker's own login server, which is not used here.
    if (typeof username !== 'string' || typeof secret !== 'string' || username === '<token>') return undefined;
    return { username, password: new Secret(secret) };
  } catch {
    return undefined;
  }
}
