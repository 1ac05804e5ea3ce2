import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NotFound } from '@tidewaiter/domain';

import { stopLeftover } from './identity.js';
import type { Programs } from './programs.js';
import { ask, type LocalServer, privateFolder, startServer } from './server-process.js';
import { servicePassword } from './service-url.js';

const maxPayloadBytes = 1 << 20;

export interface NatsOptions {
  /** Absolute. */
  dataDir: string;
  port: number;
  user: string;
  password: string;
  /** Further users, each with the password of its address by `serviceUrl`. */
  services?: readonly NatsUser[];
}

/** User that may publish on and subscribe to the subjects that are listed, and no others. */
export interface NatsUser {
  name: string;
  publish: readonly string[];
  subscribe: readonly string[];
}

/**
 * Starts NATS with JetStream; a message is acknowledged only when it is on disk.
 * @throws NotFound `PROGRAM_MISSING`, TidewaiterError `SERVER_START_FAILED`
 * @see https://docs.nats.io/running-a-nats-service/configuration
 */
export async function startNats(options: NatsOptions, { nats, setpriv }: Programs): Promise<LocalServer> {
  if (!nats) throw new NotFound('PROGRAM_MISSING', 'nats-server is not installed');
  const { dataDir, port, user, password } = options;
  const { config, pidFile } = filesIn(dataDir);
  // JetStream does not lock its folder: two servers on one folder would destroy it.
  await stopLeftoverNats(dataDir);
  await privateFolder(dataDir);
  const serverName = `tidewaiter-${randomUUID()}`;
  await writeFile(config, natsConfig({ ...options, pidFile, serverName }), { mode: 0o600 });
  return startServer({
    name: 'nats',
    url: `nats://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    port,
    program: nats,
    args: ['-c', config],
    setpriv,
    logFile: join(dataDir, 'nats.log'),
    // The name is new on every start, so that no other server can answer with it.
    isReady: async () => (await ask(port, '', (answer) => answer.includes('\r\n'))).includes(`"${serverName}"`),
  });
}

/** Stops the server that a killed run left on this data. */
export async function stopLeftoverNats(dataDir: string): Promise<void> {
  const { config, pidFile } = filesIn(dataDir);
  await stopLeftover(pidFile, config);
}

function filesIn(dataDir: string) {
  return { config: join(dataDir, 'nats.conf'), pidFile: join(dataDir, 'nats.pid') };
}

function natsConfig(options: NatsOptions & { pidFile: string; serverName: string }): string {
  const quoted = (text: string): string => JSON.stringify(text);
  return `server_name: ${quoted(options.serverName)}
listen: "127.0.0.1:${options.port}"
pid_file: ${quoted(options.pidFile)}
max_payload: ${maxPayloadBytes}
authorization {
  users: [
    { user: ${quoted(options.user)}, password: ${quoted(options.password)} }
${natsUserEntries(options.services ?? [], options.password).join('\n')}
  ]
}
jetstream {
  store_dir: ${quoted(join(options.dataDir, 'jetstream'))}
  sync_interval: always
}
`;
}

/**
 * Entries of the users in NATS's configuration, each with the password of its address by
 * `serviceUrl`.
 * @see https://docs.nats.io/running-a-nats-service/configuration/securing_nats/authorization
 */
export function natsUserEntries(users: readonly NatsUser[], ownerPassword: string): string[] {
  return users.map(({ name, publish, subscribe }) => {
    const permissions = `{ publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} }`;
    return `{ user: "${name}", password: "${servicePassword(ownerPassword, name)}", permissions: ${permissions} }`;
  });
}
