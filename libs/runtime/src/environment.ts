import { readFileSync } from 'node:fs';

import { InvalidInput, Secret } from '@tidewaiter/domain';
import { z } from 'zod';

import { hostUrls } from './server-urls.js';

/**
 * Environment variables of the process. Only the command line reads `process.env`; all other code
 * gets this value.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * One environment variable and how to read it. `NAME_FILE` holds the path of a file with the value.
 */
export interface Setting<Schema extends z.ZodType> {
  name: `TIDEWAITER_${string}` | 'OTEL_EXPORTER_OTLP_ENDPOINT';
  schema: Schema;
}

export function setting<Schema extends z.ZodType>(name: Setting<Schema>['name'], schema: Schema): Setting<Schema> {
  return { name, schema };
}

type Settings = Record<string, Setting<z.ZodType>>;

export type Config<Of extends Settings> = { [Key in keyof Of]: z.output<Of[Key]['schema']> };

/**
 * Reads a service's configuration once, at start.
 * @throws InvalidInput `CONFIG_INVALID`, naming every wrong variable and never a value.
 */
export function readConfig<Of extends Settings>(settings: Of, environment: Environment): Config<Of> {
  const problems: string[] = [];
  const values = Object.entries(settings).map(([key, { name, schema }]) => {
    try {
      const read = schema.safeParse(rawValue(name, environment));
      if (read.success) return [key, read.data];
      problems.push(`${name}: ${read.error.issues.map(({ message }) => message).join('; ')}`);
    } catch {
      problems.push(`${name}_FILE: cannot read the file`);
    }
    return [key, undefined];
  });
  if (problems.length > 0) throw new InvalidInput('CONFIG_INVALID', `bad configuration:\n${problems.join('\n')}`);
  return Object.fromEntries(values) as Config<Of>;
}

/**
 * Class whose instances are the configuration that `settings` describe. A service extends it, so
 * that its configuration can be injected by its type.
 * @throws InvalidInput `CONFIG_INVALID` as {@link readConfig}
 */
export function configOf<Of extends Settings>(settings: Of): new (environment: Environment) => Config<Of> {
  class ServiceConfig {
    constructor(environment: Environment) {
      Object.assign(this, readConfig(settings, environment));
    }
  }
  return ServiceConfig as new (environment: Environment) => Config<Of>;
}

function rawValue(name: string, environment: Environment): string | undefined {
  const file = environment[`${name}_FILE`];
  const value = file ? readFileSync(file, 'utf8').trim() : environment[name];
  // Shells and compose files pass an unset variable as an empty one.
  return value === '' ? undefined : value;
}

/** URL of a server, which may name several hosts. */
const urlWith = (...protocols: string[]) =>
  z
    .string({ error: 'is required' })
    .refine((value) => hostUrls(value).every((url) => URL.canParse(url) && protocols.includes(new URL(url).protocol)), {
      error: `is not a ${protocols.join(' or ')} URL`,
    })
    .transform((value) => new Secret(value));

const port = z.coerce.number({ error: 'is not a port' }).int().min(0).max(65_535);

/** Connection URLs hold passwords, so they are secrets. */
export const databaseUrl = setting('TIDEWAITER_DATABASE_URL', urlWith('postgres:', 'postgresql:'));

const path = z.string().optional();

/**
 * NATS: files of the authorities of its certificate, of our own certificate and key, and of our
 * credentials or the seed of our nkey. They are read again for every connection.
 */
const natsSettings = {
  natsUrl: setting('TIDEWAITER_NATS_URL', urlWith('nats:', 'tls:')),
  natsCaFile: setting('TIDEWAITER_NATS_CA_FILE', path),
  natsCertFile: setting('TIDEWAITER_NATS_CERT_FILE', path),
  natsKeyFile: setting('TIDEWAITER_NATS_KEY_FILE', path),
  natsCredsFile: setting('TIDEWAITER_NATS_CREDS_FILE', path),
  natsNkeyFile: setting('TIDEWAITER_NATS_NKEY_FILE', path),
  /** Servers that have each stream; without it streams stay as they are. */
  natsReplicas: setting(
    'TIDEWAITER_NATS_REPLICAS',
    z.enum(['1', '3', '5'], { error: 'is not 1, 3 or 5' }).transform(Number).optional(),
  ),
  /** Size of the stream of runtime events; without it the stream stays as it is. */
  runtimeStreamBytes: setting(
    'TIDEWAITER_RUNTIME_STREAM_BYTES',
    z.coerce
      .number({ error: 'is not a number' })
      .int()
      .min(64 * 2 ** 20, 'must be at least 64 MiB')
      .optional(),
  ),
};

/**
 * Redis: one server, the sentinels of one, or some servers of a cluster; files as for NATS.
 */
export const redisSettings = {
  redisUrl: setting(
    'TIDEWAITER_REDIS_URL',
    urlWith('redis:', 'rediss:', 'redis+sentinel:', 'rediss+sentinel:', 'redis+cluster:', 'rediss+cluster:'),
  ),
  redisCaFile: setting('TIDEWAITER_REDIS_CA_FILE', path),
  redisCertFile: setting('TIDEWAITER_REDIS_CERT_FILE', path),
  redisKeyFile: setting('TIDEWAITER_REDIS_KEY_FILE', path),
  /** Password of the sentinels, where they have one. */
  redisSentinelPassword: setting(
    'TIDEWAITER_REDIS_SENTINEL_PASSWORD',
    z
      .string()
      .transform((value) => new Secret(value))
      .optional(),
  ),
};

/** How a service connects to Redis. */
export interface RedisConfig extends Partial<Config<Omit<typeof redisSettings, 'redisUrl'>>> {
  redisUrl: Secret;
}

/** How a service connects to NATS. */
export interface NatsConfig extends Partial<Config<Omit<typeof natsSettings, 'natsUrl'>>> {
  natsUrl: Secret;
}

/** Address to listen on; loopback by default. */
const httpHost = setting('TIDEWAITER_HTTP_HOST', z.string().default('127.0.0.1'));

/** Port to listen on; 0 takes a free one. */
export const httpPort = (byDefault: number) => setting('TIDEWAITER_HTTP_PORT', port.default(byDefault));

/**
 * Port for `/metrics`, `/livez` and `/readyz` alone, always without TLS; without it they are on the
 * port of the service. 0 takes a free one.
 */
const metricsPort = setting('TIDEWAITER_METRICS_PORT', port.optional());

/** Paths of certificate and key, in PEM: the port of the service then takes TLS only. */
const tlsCertFile = setting('TIDEWAITER_TLS_CERT_FILE', z.string().optional());
const tlsKeyFile = setting('TIDEWAITER_TLS_KEY_FILE', z.string().optional());

/** Path of the authorities, in PEM, of which every client must have a certificate. */
const tlsClientCaFile = setting('TIDEWAITER_TLS_CLIENT_CA_FILE', z.string().optional());

const listenerSettings = { httpHost, metricsPort, tlsCertFile, tlsKeyFile, tlsClientCaFile };

/** Days after which records expire, `90d`; `0` keeps them for ever. */
const retentionDays = (variable: `TIDEWAITER_RETENTION_${string}`, byDefault: number) =>
  setting(
    variable,
    z
      .string()
      .regex(/^(?:0|[1-9]\d{0,3}d)$/, 'is neither 0 nor a number of days such as 90d')
      .transform((text) => Number(text.replace('d', '')))
      .default(byDefault),
  );

/**
 * Retention of all kinds of records, for every service alike: each deletes from the tables that it
 * writes.
 */
export const retentionSettings = {
  /** Images that no tag, container or open incident refers to, since their last push or use. */
  imageDays: retentionDays('TIDEWAITER_RETENTION_IMAGES', 90),
  /** Pushes that others replaced, and those of deleted tags. */
  pushDays: retentionDays('TIDEWAITER_RETENTION_PUSHES', 180),
  /** Incidents, since they were resolved or merged. */
  incidentDays: retentionDays('TIDEWAITER_RETENTION_INCIDENTS', 365),
  /** Messages, and silences that have ended. */
  messageDays: retentionDays('TIDEWAITER_RETENTION_MESSAGES', 365),
  /** Alerts as they were before routing, for its simulation. */
  alertDays: retentionDays('TIDEWAITER_RETENTION_ALERTS', 31),
  /** Containers, workloads and packages in use, since they were last seen. */
  workloadDays: retentionDays('TIDEWAITER_RETENTION_WORKLOADS', 30),
  /** Habits of images and identities, since they were last seen. */
  habitDays: retentionDays('TIDEWAITER_RETENTION_HABITS', 90),
  /** Vulnerabilities that the fleet no longer has. */
  vulnerabilityDays: retentionDays('TIDEWAITER_RETENTION_VULNERABILITIES', 365),
  /** Reports of pipelines about images that are not known. */
  reportDays: retentionDays('TIDEWAITER_RETENTION_REPORTS', 90),
  /** Dead letters, since they were redriven. */
  deadLetterDays: retentionDays('TIDEWAITER_RETENTION_DEAD_LETTERS', 30),
};

/** Days of each kind of records; 0 is for ever. */
export type RetentionDays = Readonly<Record<keyof typeof retentionSettings, number>>;

/** Lowest level that is logged. */
export const logLevel = setting(
  'TIDEWAITER_LOG_LEVEL',
  z.enum(['debug', 'info', 'warn', 'error', 'silent'], { error: 'is not a log level' }).default('info'),
);

/** URL of the trace collector; nothing is exported without it. */
export const otlpEndpoint = setting('OTEL_EXPORTER_OTLP_ENDPOINT', z.url().optional());

/** Path of `tidewaiter.yaml`; without it nothing is connected yet. */
export const settingsFile = setting('TIDEWAITER_CONFIG', z.string().optional());

const webUrl = z.url({ protocol: /^https?$/ });

/** URL of the console for users; links in messages start with it. */
export const consoleUrl = setting('TIDEWAITER_CONSOLE_URL', webUrl.default('http://127.0.0.1:7080'));

/**
 * URL of the console for users, as the console reads it: by default the address that it listens on.
 */
export const publicUrl = setting('TIDEWAITER_CONSOLE_URL', webUrl.optional());

/** URL under which registries and sensors reach ingest, for the instructions of the console. */
export const ingestUrl = setting('TIDEWAITER_INGEST_URL', webUrl.optional());

/** Connections to PostgreSQL that one service may hold. */
export const databasePool = setting('TIDEWAITER_DATABASE_POOL', z.coerce.number().int().min(2).max(200).default(10));

const minEntryKeyCharacters = 32;

/** Key of the secrets of managed entries; without it, entries with secrets are refused. */
export const entryKey = setting(
  'TIDEWAITER_ENTRY_KEY',
  z
    .string()
    .min(minEntryKeyCharacters, `has fewer than ${minEntryKeyCharacters} characters`)
    .transform((text) => new Secret(text))
    .optional(),
);

/** Settings of every program that listens, also of one that is no part of the platform. */
export const listeningSettings = { ...listenerSettings, logLevel, otlpEndpoint };

/** Settings that every service of the platform reads. */
export const commonSettings = {
  databaseUrl,
  ...natsSettings,
  databasePool,
  ...listeningSettings,
  settingsFile,
  ...retentionSettings,
};
