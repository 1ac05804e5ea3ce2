import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePorts, type LocalServer, startServer } from '@tidewaiter/servers';
import { Redis } from 'ioredis';

import { pathOf } from '../needs.js';
import { isListening } from './listening.js';
import { type CertificateFiles, makePlace, type Place } from './place.js';

/** Redis or Valkey as an installation has it: with TLS, sentinels, or as a cluster. */
export interface TestRedis {
  /** Address for a user that may use the keys of `tidewaiter:` only. */
  url: string;
  certificates: CertificateFiles;
  /** Ends the server that takes writes, as a machine that vanishes. */
  killPrimary(): Promise<void>;
  restart(): Promise<void>;
  /** Runs a command as administrator on the first server. */
  command(...words: [string, ...string[]]): Promise<unknown>;
  stop(): Promise<void>;
}

interface Options {
  /** `sentinel`: a primary, a replica, three sentinels. `cluster`: three servers. */
  mode?: 'single' | 'sentinel' | 'cluster';
  tls?: boolean;
  program?: 'redis-server' | 'valkey-server';
}

const password = 'password-of-the-test';
const slots = 16_384;

export async function startRedisServers({
  mode = 'single',
  tls = false,
  program = 'redis-server',
}: Options): Promise<TestRedis> {
  const place = await makePlace();
  const servers = { single: 1, sentinel: 2, cluster: 3 }[mode];
  const ports = await freePorts(servers);
  // Its default lies in the range of outgoing connections, which may have it already.
  const busPorts = mode === 'cluster' ? await freePorts(servers) : [];
  const sentinels = mode === 'sentinel' ? await freePorts(3) : [];
  const running: LocalServer[] = [];
  const launch = async (name: string, port: number, lines: string[], args: string[] = []): Promise<LocalServer> => {
    const dir = join(place.dir, name);
    await mkdir(dir, { recursive: true });
    const config = join(dir, 'server.conf');
    const all = [`dir "${dir}"`, 'bind 127.0.0.1', ...listening(place, port, tls), ...lines];
    await writeFile(config, `${all.join('\n')}\n`);
    return startServer({
      name,
      url: '',
      port,
      program: pathOf(program)!,
      args: [config, ...args],
      setpriv: place.programs.setpriv,
      logFile: join(dir, 'server.log'),
      isReady: async () => isListening(port),
    });
  };
  const startOne = async (index: number): Promise<void> => {
    running[index] = await launch(`redis-${index}`, ports[index]!, [
      `requirepass ${password}`,
      `masterauth ${password}`,
      `user app on >${password} ~tidewaiter:* &* +@all -@admin -@dangerous +info`,
      'appendonly yes',
      'maxmemory-policy noeviction',
      ...(mode === 'cluster'
        ? ['cluster-enabled yes', `cluster-port ${busPorts[index]}`, 'cluster-node-timeout 2000']
        : []),
      ...(mode === 'sentinel' && index > 0 ? [`replicaof 127.0.0.1 ${ports[0]}`] : []),
    ]);
  };
  const admin = async <T>(index: number, work: (redis: Redis) => Promise<T>): Promise<T> => {
    // A busy machine takes longer than the usual twenty tries to a first handshake.
    const maxRetriesPerRequest = null;
    const redis = new Redis({
      port: ports[index]!,
      password,
      maxRetriesPerRequest,
      ...(tls && { tls: clusterTls(place) }),
    });
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  };
  const stop = async () => place.stop(running);
  try {
    await Promise.all(ports.map(async (_, index) => startOne(index)));
    if (mode === 'cluster') await joinCluster(ports, busPorts[0]!, admin);
    if (mode === 'sentinel') await untilReplicated(admin);
    running.push(
      ...(await Promise.all(
        sentinels.map(async (port, index) =>
          launch(`sentinel-${index}`, port, sentinelLines(ports[0]!), ['--sentinel']),
        ),
      )),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const scheme = `redis${tls ? 's' : ''}${mode === 'single' ? '' : `+${mode}`}`;
  const hosts = (mode === 'sentinel' ? sentinels : ports).map((port) => `127.0.0.1:${port}`).join(',');
  return {
    url: `${scheme}://app:${password}@${hosts}${mode === 'sentinel' ? '/main' : ''}`,
    certificates: place.certificates,
    killPrimary: async () => running[0]!.kill(),
    restart: async () => startOne(0),
    command: async (...words) => admin(0, async (redis) => redis.call(...words)),
    stop,
  };
}

function listening({ certificates: { ca, serverCert, serverKey } }: Place, port: number, tls: boolean): string[] {
  if (!tls) return [`port ${port}`];
  const files = [`tls-ca-cert-file ${ca}`, `tls-cert-file ${serverCert}`, `tls-key-file ${serverKey}`];
  return ['port 0', `tls-port ${port}`, ...files, 'tls-replication yes', 'tls-cluster yes', 'tls-auth-clients yes'];
}

function sentinelLines(port: number): string[] {
  return [
    `sentinel monitor main 127.0.0.1 ${port} 2`,
    `sentinel auth-pass main ${password}`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 4000',
  ];
}

function clusterTls({ certificates }: Place): { ca: string; cert: string; key: string } {
  const read = (path: string) => readFileSync(path, 'utf8');
  return { ca: read(certificates.ca), cert: read(certificates.clientCert), key: read(certificates.clientKey) };
}

type Admin = <T>(index: number, work: (redis: Redis) => Promise<T>) => Promise<T>;

async function joinCluster(ports: readonly number[], busPort: number, admin: Admin): Promise<void> {
  const share = Math.ceil(slots / ports.length);
  for (const index of ports.keys()) {
    const last = Math.min((index + 1) * share, slots) - 1;
    await admin(index, async (redis) => {
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last));
      if (index > 0) await redis.call('CLUSTER', 'MEET', '127.0.0.1', String(ports[0]), String(busPort));
    });
  }
  for (const index of ports.keys())
    while (!(await admin(index, async (redis) => isComplete(redis, ports.length)))) await sleep(100);
}

async function isComplete(redis: Redis, servers: number): Promise<boolean> {
  const info = String(await redis.call('CLUSTER', 'INFO'));
  return info.includes('cluster_state:ok') && info.includes(`cluster_size:${servers}`);
}

async function untilReplicated(admin: Admin): Promise<void> {
  while (!(await admin(1, async (redis) => redis.info('replication'))).includes('master_link_status:up'))
    await sleep(100);
}
