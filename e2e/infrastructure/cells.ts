import { startDatabase, startNatsServers, startRedisServers, type TestNats } from '@tidewaiter/testkit';

/** One combination of servers as a site may have it. */
export interface Cell {
  postgres: 'direct' | 'pgbouncer' | 'failover';
  nats: 'one' | 'cluster';
  redis: 'single' | 'sentinel' | 'cluster';
  tls: boolean;
  /** How services sign in to NATS. */
  signIn: 'password' | 'nkey' | 'creds';
}

/** Cells in which each kind of server is at least once; `npm run infrastructure` runs all. */
export const usualCells: Cell[] = [
  { postgres: 'pgbouncer', nats: 'one', redis: 'cluster', tls: true, signIn: 'nkey' },
  { postgres: 'failover', nats: 'cluster', redis: 'sentinel', tls: false, signIn: 'creds' },
];

export const allCells: Cell[] = [
  ...(['direct', 'pgbouncer', 'failover'] as const).flatMap((postgres) =>
    (['one', 'cluster'] as const).flatMap((nats) =>
      (['single', 'sentinel', 'cluster'] as const).flatMap((redis) =>
        [false, true].map((tls) => ({ postgres, nats, redis, tls, signIn: 'password' as const })),
      ),
    ),
  ),
  ...(['nkey', 'creds'] as const).flatMap((signIn) =>
    (['one', 'cluster'] as const).map((nats) => ({
      ...({ postgres: 'direct', redis: 'single', tls: true } as const),
      nats,
      signIn,
    })),
  ),
];

/** One loss of servers. */
export interface Outage {
  /** The lost servers, for the report. */
  name: string;
  /** The check of `/readyz` that has to name it; of the services that use the server. */
  check: 'postgres' | 'nats' | 'redis';
  /** Whether the servers that are left take over; else the outage lasts until its end. */
  heals: boolean;
  begin(): Promise<void>;
  /** Brings the lost servers back. */
  end(): Promise<void>;
}

export interface CellServers {
  /** Variables of the services. */
  variables: Record<string, string>;
  /** Every outage that the cell can have. */
  outages: Outage[];
}

type Keep = <Server extends { stop(): Promise<void> }>(server: Server) => Server;

/** Starts the servers of a cell. @param keep takes each server, to stop it in the end */
export async function startServers({ postgres, nats, redis, tls, signIn }: Cell, keep: Keep): Promise<CellServers> {
  const [standby, pooler] = [postgres === 'failover', postgres === 'pgbouncer'];
  const database = keep(await startDatabase({ tls, standby, pooler }));
  const bus = keep(await startNatsServers({ servers: nats === 'cluster' ? 3 : 1, tls, signIn }));
  const queue = keep(await startRedisServers({ mode: redis, tls }));
  const files = (prefix: string, { ca, clientCert, clientKey }: typeof bus.certificates) => ({
    [`TIDEWAITER_${prefix}_CA_FILE`]: ca,
    [`TIDEWAITER_${prefix}_CERT_FILE`]: clientCert,
    [`TIDEWAITER_${prefix}_KEY_FILE`]: clientKey,
  });
  const { nkeyFile, credsFile } = bus.user;
  const databaseOutage: Outage = standby
    ? {
        ...{ name: 'primary', check: 'postgres', heals: true },
        begin: async () => database.failOver('kill'),
        end: async () => undefined,
      }
    : {
        ...{ name: 'PostgreSQL', check: 'postgres', heals: false },
        begin: async () => database.kill(),
        end: async () => database.restart(),
      };
  const queueOutage: Outage = {
    ...{ name: redis === 'sentinel' ? 'primary of Redis' : 'Redis', check: 'redis', heals: redis === 'sentinel' },
    begin: async () => queue.killPrimary(),
    end: async () => queue.restart(),
  };
  return {
    variables: {
      TIDEWAITER_DATABASE_URL: await database.createDatabase(),
      TIDEWAITER_NATS_URL: bus.url,
      TIDEWAITER_REDIS_URL: queue.url,
      ...(nats === 'cluster' && { TIDEWAITER_NATS_REPLICAS: '3' }),
      ...(nkeyFile !== undefined && { TIDEWAITER_NATS_NKEY_FILE: nkeyFile }),
      ...(credsFile !== undefined && { TIDEWAITER_NATS_CREDS_FILE: credsFile }),
      ...(tls && { ...files('NATS', bus.certificates), ...files('REDIS', queue.certificates) }),
    },
    outages: [databaseOutage, ...busOutages(bus, nats), queueOutage],
  };
}

function busOutages(bus: TestNats, nats: Cell['nats']): Outage[] {
  if (nats === 'one') {
    const begin = async () => bus.kill(0);
    return [{ name: 'NATS', check: 'nats', heals: false, begin, end: async () => bus.restart(0) }];
  }
  const leaderOf = (stream: string): Outage => {
    let lost = 0;
    return {
      ...{ name: `leader of ${stream}`, check: 'nats', heals: true },
      begin: async () => void (lost = await bus.killLeader(stream)),
      end: async () => bus.restart(lost),
    };
  };
  const majority: Outage = {
    ...{ name: 'majority of NATS', check: 'nats', heals: false },
    begin: async () => void (await Promise.all([bus.kill(0), bus.kill(1)])),
    end: async () => void (await Promise.all([bus.restart(0), bus.restart(1)])),
  };
  return [leaderOf('TIDEWAITER'), leaderOf('TIDEWAITER_RUNTIME'), majority];
}
