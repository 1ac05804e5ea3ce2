import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { natsUserEntries, redisUserLines, serviceUrl } from '@tidewaiter/servers';
import { roleOf, roleServices } from '@tidewaiter/store';

import { serverUsers } from '../up/server-users.js';

/** Secrets that cannot be made again; all others follow from them. */
const passwords = [
  'postgres-password',
  'owner-password',
  'nats-password',
  'redis-password',
  'fingerprint-key',
  'entry-key',
] as const;

type Password = (typeof passwords)[number];

const owner = 'tidewaiter';

/**
 * Writes the secrets of docker-compose.yml, one file for each; returns their names. What is there
 * of `passwords` stays, so that the files of a new release fit the old data.
 */
export async function writeSecretFiles(folder: string): Promise<string[]> {
  // Docker's daemon mounts single files of it, so that no container needs to enter the folder.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const known = new Map<Password, string>();
  for (const name of passwords) known.set(name, await passwordIn(folder, name));
  const files = { ...Object.fromEntries(known), ...filesOf((name) => known.get(name)!) };
  for (const [name, text] of Object.entries(files)) await writeWhole(join(folder, name), text);
  return Object.keys(files);
}

async function passwordIn(folder: string, name: Password): Promise<string> {
  const present = await readFile(join(folder, name), 'utf8').catch(() => '');
  return present.trim() || randomBytes(24).toString('base64url');
}

async function writeWhole(path: string, text: string): Promise<void> {
  // Readable by the user of every image: the folder keeps others out.
  await writeFile(`${path}.new`, text, { mode: 0o444 });
  await rename(`${path}.new`, path);
}

/** Users of the three servers, and the addresses with which services reach them. */
function filesOf(password: (name: Password) => string): Record<string, string> {
  const database = `postgres://${owner}:${password('owner-password')}@postgres:5432/${owner}`;
  const nats = `nats://${owner}:${password('nats-password')}@nats:4222`;
  const redis = `redis://:${password('redis-password')}@redis:6379`;
  const users = serverUsers();
  const files: Record<string, string> = {
    'postgres-users.sql': postgresUsers(database),
    'nats-users.conf': natsUsers(password('nats-password'), users.nats),
    'redis-users.acl': redisUsers(password('redis-password'), users.redis),
    'owner-database-url': database,
  };
  for (const service of roleServices) {
    files[`${service}-database-url`] = serviceUrl(database, roleOf(service));
    files[`${service}-nats-url`] = serviceUrl(nats, service);
  }
  for (const { name } of users.redis) files[`${name}-redis-url`] = serviceUrl(redis, name);
  return files;
}

/** Run once by PostgreSQL's image, as its superuser, which no service is. */
function postgresUsers(database: string): string {
  const role = (url: string) => {
    const { username, password } = new URL(url);
    return `CREATE ROLE ${username} LOGIN PASSWORD '${password}';`;
  };
  return [
    role(database),
    `CREATE DATABASE ${owner} OWNER ${owner};`,
    `REVOKE CONNECT ON DATABASE ${owner} FROM PUBLIC;`,
    ...roleServices.flatMap((service) => [
      role(serviceUrl(database, roleOf(service))),
      `GRANT CONNECT ON DATABASE ${owner} TO ${roleOf(service)};`,
    ]),
    '',
  ].join('\n');
}

function natsUsers(password: string, users: ReturnType<typeof serverUsers>['nats']): string {
  return `users: [\n${natsUserEntries(users, password).join('\n')}\n]\n`;
}

/** The health check may ping. Everything else needs a password. */
function redisUsers(password: string, users: ReturnType<typeof serverUsers>['redis']): string {
  return ['user default on nopass -@all +ping', ...redisUserLines(users, password), ''].join('\n');
}
