import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { freePorts, type LocalServer, startServer } from '@tidewaiter/servers';

import { isListening } from './listening.js';
import { makeNatsTestUser, type NatsSignIn, type NatsTestUser } from './nats-sign-in.js';
import { type CertificateFiles, makePlace, type Place } from './place.js';

/** NATS as an installation has it: with TLS, nkeys or credentials, or three servers. */
export interface TestNats {
  /** Address of all servers. */
  url: string;
  certificates: CertificateFiles;
  /** Files by which the user signs in without a password. */
  user: Pick<NatsTestUser, 'nkeyFile' | 'credsFile'>;
  /** Ends the server that leads a stream, as a machine that vanishes; returns its number. */
  killLeader(stream: string): Promise<number>;
  /** Ends one server, or starts it again with its data. */
  kill(server: number): Promise<void>;
  restart(server: number): Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  /** 1, or 3 that are a cluster. */
  servers?: 1 | 3;
  /** Servers want a certificate of the client, and have one. */
  tls?: boolean;
  signIn?: NatsSignIn;
  /** More lines of the configuration. */
  more?: string;
}

export async function startNatsServers({
  servers = 1,
  tls = false,
  signIn = 'password',
  more = '',
}: Options): Promise<TestNats> {
  const place = await makePlace();
  const user = await makeNatsTestUser(signIn, place.dir);
  const ports = await freePorts(servers * 2);
  const clients = ports.slice(0, servers);
  const routes = ports.slice(servers);
  const running: LocalServer[] = [];
  const url = `${tls ? 'tls' : 'nats'}://${user.authority}${clients.map((port) => `127.0.0.1:${port}`).join(',')}`;
  const startOne = async (index: number): Promise<void> => {
    const dir = join(place.dir, `nats-${index}`);
    await mkdir(dir, { recursive: true });
    const config = join(dir, 'nats.conf');
    const cluster = servers > 1 ? clusterConfig(routes, index) : '';
    const text = [configOf(place, { dir, index, port: clients[index]!, tls, user }), cluster, more].join('\n');
    await writeFile(config, text, { mode: 0o600 });
    running[index] = await startServer({
      name: `nats-${index}`,
      url,
      port: clients[index]!,
      program: place.programs.nats!,
      args: ['-c', config],
      setpriv: place.programs.setpriv,
      logFile: join(dir, 'nats.log'),
      isReady: async () => isListening(clients[index]!),
    });
  };
  const askOne = async <T>(work: (connection: NatsConnection) => Promise<T>): Promise<T> => {
    const { ca, clientCert, clientKey } = place.certificates;
    const connection = await connect({
      servers: clients.map((port) => `127.0.0.1:${port}`),
      ...user.options,
      ...(tls && { tls: { caFile: ca, certFile: clientCert, keyFile: clientKey } }),
    });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  };
  try {
    await Promise.all(clients.map(async (_, index) => startOne(index)));
    if (servers > 1) await retried(async () => askOne(async (connection) => jetstreamManager(connection)));
  } catch (error) {
    await place.stop(running);
    throw error;
  }
  return {
    url,
    certificates: place.certificates,
    user,
    async killLeader(stream) {
      // Without a leader, requests time out.
      const leader = await retried(async () =>
        askOne(async (connection) => {
          const { cluster } = await (await jetstreamManager(connection)).streams.info(stream);
          if (cluster?.leader === undefined) throw new Error(`${stream} has no leader`);
          return Number(cluster.leader.replace('nats-', ''));
        }),
      );
      await running[leader]!.kill();
      return leader;
    },
    kill: async (server) => running[server]!.kill(),
    restart: async (server) => startOne(server),
    stop: async () => place.stop(running),
  };
}

function configOf(
  { certificates: { ca, serverCert, serverKey } }: Place,
  { dir, index, port, tls, user }: { dir: string; index: number; port: number; tls: boolean; user: NatsTestUser },
): string {
  const secure = `tls { cert_file: "${serverCert}", key_file: "${serverKey}", ca_file: "${ca}", verify: true }`;
  return `server_name: nats-${index}
listen: "127.0.0.1:${port}"
${user.config}
jetstream { store_dir: "${join(dir, 'jetstream')}" }
${tls ? secure : ''}`;
}

function clusterConfig(routes: readonly number[], index: number): string {
  const others = routes.map((port) => `"nats://127.0.0.1:${port}"`);
  return `cluster { name: test, listen: "127.0.0.1:${routes[index]}", routes: [ ${others.join(', ')} ] }`;
}

/** A cluster needs a moment to elect a leader. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(200);
    }
  }
}
