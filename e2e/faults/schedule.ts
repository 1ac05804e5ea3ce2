import { type FailpointName, failpointCatalog } from '@tidewaiter/runtime';

import { SeededRandom } from './random.ts';

export const replicas = { ingest: 1, scanner: 2, detector: 2, notifier: 2, console: 1 } as const;
export type Service = keyof typeof replicas;
export const serviceNames = Object.keys(replicas) as Service[];

/** Processes of the platform: `scanner-2`. */
export const instances = serviceNames.flatMap((service) =>
  Array.from({ length: replicas[service] }, (_, index) => `${service}-${index + 1}`),
);

export const servers = ['nats', 'redis', 'postgres'] as const;
export type ServerName = (typeof servers)[number];

/** Ways through the proxies. */
export const links = ['nats', 'redis', 'postgres', 'registry'] as const;
export type ProxyLink = (typeof links)[number];

export type Action = 'kill' | 'hang' | 'throw' | `delay-${number}`;

export type Fault = { atMs: number } & (
  | { kind: 'kill' | 'restart'; target: string }
  /** SIGSTOP, and SIGCONT after `forMs`. */
  | { kind: 'stop'; target: string; forMs: number }
  | { kind: 'failpoint'; target: string; name: FailpointName; visit: number; action: Action }
  | { kind: 'server-away'; target: ServerName; forMs: number }
  | { kind: 'wipe'; target: 'nats' | 'redis' }
  /** PostgreSQL becomes its copy of `forMs` ago. */
  | { kind: 'restore'; forMs: number }
  /** PostgreSQL takes so few connections that most services get none. */
  | { kind: 'connection-limit' | 'read-only' | 'disk-full'; forMs: number }
  | { kind: 'latency' | 'bandwidth' | 'blackhole'; target: ProxyLink; forMs: number }
  | { kind: 'cut'; target: ProxyLink }
  /** The clock of a process is wrong by `byMs`, for some seconds. */
  | { kind: 'clock'; target: string; byMs: number }
  /** All replicas of a service, one after the other. */
  | { kind: 'upgrade'; target: Service }
);

export type FaultKind = Fault['kind'];

export interface Schedule {
  number: number;
  seed: number;
  faults: Fault[];
}

/** Faults in proportion; an outage costs the run more time than a kill. */
const weights: Record<FaultKind, number> = {
  kill: 20,
  failpoint: 24,
  stop: 10,
  restart: 6,
  'server-away': 10,
  wipe: 4,
  restore: 1,
  'connection-limit': 3,
  'read-only': 3,
  'disk-full': 3,
  latency: 5,
  bandwidth: 3,
  blackhole: 4,
  cut: 6,
  clock: 3,
  upgrade: 3,
};

export const faultKinds = Object.keys(weights) as FaultKind[];

const everyService = serviceNames;
/** Services that visit a failpoint, or those of a prefix. */
const visitors: Record<string, readonly Service[]> = {
  store: everyService,
  database: ['ingest'],
  relay: everyService,
  sweeper: everyService,
  'group-commit': ['ingest', 'scanner', 'notifier'],
  'dead-letters': ['scanner'],
  'dead-letters.redriven': [],
  'dead-letters.some-redriven': ['console'],
  deliveries: ['console'],
  advisories: ['scanner'],
  bus: ['ingest', 'scanner', 'detector', 'notifier'],
  'bus.handled': ['scanner', 'notifier'],
  'bus.acked': ['scanner', 'notifier'],
  queue: ['scanner', 'notifier'],
  hooks: ['ingest'],
  pipelines: ['ingest'],
  events: ['ingest'],
  spool: ['ingest'],
  slack: ['ingest'],
  ...Object.fromEntries(
    ['push', 'layer', 'config', 'reconcile', 'redeliver', 'rematch', 'exploited'].map((prefix) => [
      prefix,
      ['scanner'] as const,
    ]),
  ),
  ...Object.fromEntries(
    ['lease', 'partition', 'facts', 'incidents', 'supply-chain'].map((prefix) => [prefix, ['detector'] as const]),
  ),
  ...Object.fromEntries(
    ['groups', 'reminders', 'reports', 'delivery'].map((prefix) => [prefix, ['notifier'] as const]),
  ),
  console: ['console'],
};

/** Services that visit a failpoint; none for those of the command line. */
export function visitorsOf(name: FailpointName): readonly Service[] {
  return visitors[name] ?? visitors[name.slice(0, name.indexOf('.'))] ?? [];
}

/** Failpoints of services. */
export const servicePoints = (Object.keys(failpointCatalog) as FailpointName[]).filter(
  (name) => visitorsOf(name).length > 0,
);

/** The schedule of a number, always the same for a seed. */
export function scheduleOf(
  seed: number,
  number: number,
  { loadMs, without }: { loadMs: number; without: ReadonlySet<FaultKind> },
): Schedule {
  const own = Math.imul(seed, 0x01000193) ^ Math.imul(number + 1, 0x85ebca6b);
  const random = new SeededRandom(own);
  const kinds = faultKinds.filter((kind) => !without.has(kind)).map((kind) => ({ kind, weight: weights[kind] }));
  const faults = Array.from({ length: random.between(1, 3) }, () =>
    faultOf(random.weighed(kinds).kind, random.between(0, Math.floor(loadMs * 0.8)), random),
  );
  return { number, seed, faults: faults.toSorted((a, b) => a.atMs - b.atMs) };
}

/**
 * Schedules that are checked together. Beside a restore NATS is away instead of wiped: what neither
 * the copy nor NATS has is gone, as docs/howto/backup-and-restore.md says.
 */
export function checkable(schedules: readonly Schedule[]): Schedule[] {
  const hasRestore = schedules.some(({ faults }) => faults.some(({ kind }) => kind === 'restore'));
  const kept = (fault: Fault): Fault =>
    hasRestore && fault.kind === 'wipe' && fault.target === 'nats'
      ? { kind: 'server-away', atMs: fault.atMs, target: 'nats', forMs: 1_000 }
      : fault;
  return schedules.map((schedule) => ({ ...schedule, faults: schedule.faults.map(kept) }));
}

export function serviceOf(instance: string): Service {
  return instance.slice(0, instance.lastIndexOf('-')) as Service;
}

function faultOf(kind: FaultKind, atMs: number, random: SeededRandom): Fault {
  const forMs = random.between(300, 3_000);
  switch (kind) {
    case 'kill':
    case 'restart':
      return { kind, atMs, target: random.pick(instances) };
    case 'stop':
      return { kind, atMs, target: random.pick(instances), forMs: random.between(500, 9_000) };
    case 'failpoint': {
      const name = random.pick(servicePoints);
      const target = `${random.pick(visitorsOf(name))}-1`;
      const action = random.pick(['kill', 'kill', 'hang', 'throw', `delay-${random.between(50, 4_000)}`] as const);
      return { kind, atMs, target, name, visit: random.between(1, 4), action };
    }
    case 'server-away':
      return { kind, atMs, target: random.pick(servers), forMs };
    case 'wipe':
      return { kind, atMs, target: random.pick(['nats', 'redis'] as const) };
    case 'restore':
    case 'connection-limit':
    case 'read-only':
    case 'disk-full':
      return { kind, atMs, forMs };
    case 'latency':
    case 'bandwidth':
    case 'blackhole':
      return { kind, atMs, target: random.pick(links), forMs };
    case 'cut':
      return { kind, atMs, target: random.pick(links) };
    case 'clock':
      return { kind, atMs, target: random.pick(instances), byMs: random.pick([-600_000, 600_000]) };
    case 'upgrade':
      return { kind, atMs, target: random.pick(serviceNames) };
  }
}

/** `kill scanner-2 at 1.2 s` */
export function describeFault(fault: Fault): string {
  const { kind, atMs, ...rest } = fault;
  const about = Object.entries(rest)
    .map(([name, value]) => (name === 'target' ? String(value) : `${name} ${value}`))
    .join(', ');
  return `${kind} ${about} at ${(atMs / 1_000).toFixed(1)} s`.replace('  ', ' ');
}
