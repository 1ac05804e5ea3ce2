import { execFile } from 'node:child_process';
import { appendFile, chown, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePorts, type LocalServer, startPostgres, startServer } from '@tidewaiter/servers';
import { Client } from 'pg';

import { pathOf } from '../needs.js';
import { preparedPostgres } from '../prepared-postgres.js';
import { createDatabaseOn } from '../throw-away-servers.js';
import { type CertificateFiles, makePlace, type Place } from './place.js';

const run = promisify(execFile);

/** PostgreSQL as an installation has it: with TLS, a connection pooler or a standby. */
export interface TestDatabase {
  /** Address of a fresh database for a service: of all hosts, with the paths of certificates. */
  createDatabase(template?: string): Promise<string>;
  /** Ends or freezes the primary, as a machine that vanishes, and makes the standby the primary. */
  failOver(how: 'kill' | 'freeze'): Promise<void>;
  /** Ends the first server, or starts it again. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  /** Servers want a certificate of the client, and have one. */
  tls?: boolean;
  standby?: boolean;
  /** PgBouncer in transaction mode before it; needs the program. */
  pooler?: boolean;
  /** Prepared statements that PgBouncer keeps for its clients; 0 for a pooler that keeps none. */
  pooledStatements?: number;
}

export async function startDatabase({
  tls = false,
  standby = false,
  pooler = false,
  pooledStatements = 0,
}: Options): Promise<TestDatabase> {
  const place = await makePlace();
  const running: LocalServer[] = [];
  const [port = 0, standbyPort = 0, poolerPort = 0] = await freePorts(3);
  const settings = ['fsync=off', ...(tls ? await tlsSettings(place) : [])];
  try {
    const { password, copyTo } = await preparedPostgres(place.programs);
    const dataDir = join(place.dir, 'postgres');
    await copyTo(dataDir);
    const startPrimary = async () => startPostgres({ dataDir, port, password, settings }, place.programs);
    let primary = await startPrimary();
    running.push(primary);
    const admin = tls ? withTls(primary.url, place.certificates) : primary.url;
    if (standby) running.push(await startStandby(place, admin, { password, port: standbyPort, settings, tls, copyTo }));
    if (pooler)
      running.push(await startPooler(place, { password, port: poolerPort, postgresPort: port, tls, pooledStatements }));
    const own = createDatabaseOn(admin);
    return {
      async createDatabase(template) {
        const url = new URL(await own(template));
        if (pooler) url.port = String(poolerPort);
        return standby ? url.href.replace(`:${port}/`, `:${port},127.0.0.1:${standbyPort}/`) : url.href;
      },
      async failOver(how) {
        await (how === 'kill' ? primary.kill() : freeze(primary.pid));
        const standbyUrl = new URL(admin);
        standbyUrl.port = String(standbyPort);
        await execute(standbyUrl.href, 'SELECT pg_promote()');
      },
      kill: async () => primary.kill(),
      async restart() {
        await primary.kill();
        running.push((primary = await startPrimary()));
      },
      stop: async () => place.stop(running),
    };
  } catch (error) {
    await place.stop(running);
    throw error;
  }
}

async function tlsSettings({ dir, owner, certificates }: Place): Promise<string[]> {
  const access = join(dir, 'hba.conf');
  const lines = ['all all', 'all replication'].map((to) => {
    const [user, database] = to.split(' ');
    return `hostssl ${database} ${user} 127.0.0.1/32 scram-sha-256 clientcert=verify-ca`;
  });
  await writeFile(access, `${lines.join('\n')}\n`);
  if (owner) await chown(access, owner.uid, owner.gid);
  const { ca, serverCert, serverKey } = certificates;
  return [
    `hba_file=${access}`,
    'ssl=on',
    `ssl_ca_file=${ca}`,
    `ssl_cert_file=${serverCert}`,
    `ssl_key_file=${serverKey}`,
  ];
}

/** The parameters of libpq. */
function withTls(url: string, { ca, clientCert, clientKey }: CertificateFiles): string {
  const address = new URL(url);
  address.search = `?sslmode=verify-full&sslrootcert=${ca}&sslcert=${clientCert}&sslkey=${clientKey}`;
  return address.href;
}

/**
 * A standby that has each commit of the primary before it is acknowledged. Both begin as copies of
 * the same data, so that it can follow from there.
 */
async function startStandby(
  { dir, programs, owner, certificates: { ca, clientCert, clientKey } }: Place,
  primary: string,
  {
    copyTo,
    tls,
    ...at
  }: { password: string; port: number; settings: string[]; tls: boolean; copyTo(dataDir: string): Promise<void> },
): Promise<LocalServer> {
  const dataDir = join(dir, 'standby');
  await copyTo(dataDir);
  const { port } = new URL(primary);
  const files = tls ? ` sslmode=verify-full sslrootcert=${ca} sslcert=${clientCert} sslkey=${clientKey}` : '';
  const from = `host=127.0.0.1 port=${port} user=tidewaiter password=${at.password}${files}`;
  await appendFile(join(dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
  await writeFile(join(dataDir, 'standby.signal'), '');
  if (owner) await chown(join(dataDir, 'standby.signal'), owner.uid, owner.gid);
  const server = await startPostgres({ dataDir, ...at }, programs);
  await execute(primary, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await execute(primary, 'SELECT pg_reload_conf()');
  return server;
}

async function startPooler(
  { dir, programs, owner, certificates }: Place,
  {
    password,
    port,
    postgresPort,
    tls,
    pooledStatements,
  }: { password: string; port: number; postgresPort: number; tls: boolean; pooledStatements: number },
): Promise<LocalServer> {
  const config = join(dir, 'pgbouncer.ini');
  const pidFile = join(dir, 'pgbouncer', 'pid');
  const users = join(dir, 'pgbouncer', 'users.txt');
  await run('mkdir', ['-p', join(dir, 'pgbouncer')]);
  await writeFile(users, `"tidewaiter" "${password}"\n`);
  const { ca, serverCert, serverKey, clientCert, clientKey } = certificates;
  await writeFile(
    config,
    `[databases]
* = host=127.0.0.1 port=${postgresPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
pidfile = ${pidFile}
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
max_client_conn = 500
default_pool_size = 10
max_prepared_statements = ${pooledStatements}
server_login_retry = 1
${
  tls
    ? `client_tls_sslmode = verify-ca
client_tls_ca_file = ${ca}
client_tls_cert_file = ${serverCert}
client_tls_key_file = ${serverKey}
server_tls_sslmode = verify-ca
server_tls_ca_file = ${ca}
server_tls_cert_file = ${clientCert}
server_tls_key_file = ${clientKey}`
    : ''
}
`,
  );
  if (owner) await chown(join(dir, 'pgbouncer'), owner.uid, owner.gid);
  return startServer({
    name: 'pgbouncer',
    url: `postgres://127.0.0.1:${port}`,
    port,
    program: pathOf('pgbouncer')!,
    args: [config],
    setpriv: programs.setpriv,
    owner,
    logFile: join(dir, 'pgbouncer.log'),
    isReady: async (pid) => (await readFile(pidFile, 'utf8').catch(() => '')).trim() === String(pid),
  });
}

/** Stops all processes of a PostgreSQL where they are. */
async function freeze(postmaster: number): Promise<void> {
  process.kill(postmaster, 'SIGSTOP');
  for (const name of await readdir('/proc')) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent === String(postmaster)) process.kill(Number(name), 'SIGSTOP');
  }
}

async function execute(url: string, statement: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(statement);
      return;
    } catch (error) {
      if (tries === 20) throw error;
      await sleep(100);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
