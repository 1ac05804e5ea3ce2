import type { Secret } from '@tidewaiter/domain';
import { parseDuration } from '@tidewaiter/routing';
import { registryKind, type RegistryKind, registryKindNames } from '@tidewaiter/webhooks';
import { z } from 'zod';

import {
  hostSettings,
  mirror,
  type MirrorSettings,
  registryHost,
  type RegistryHostSettings,
} from './registry-host-settings.js';
import { name, secretPair, type SecretReader } from './secret-settings.js';
import { type SnsSettings, snsSettings, topicArn } from './sns-settings.js';

const kindByName = z.unknown().transform((name, context) => {
  const kind = typeof name === 'string' ? registryKind(name) : undefined;
  if (kind !== undefined) return kind;
  context.addIssue({ code: 'invalid_value', values: [...registryKindNames] });
  return z.NEVER;
});

const path = z.string().regex(/^[^.]+(\.[^.]+)*$/, 'is no path such as data.repository');

/** Paths of the fields in a webhook body, for the kind `generic`. */
const fields = z.strictObject({
  events: path.optional(),
  action: path.optional(),
  push: z.array(z.string().min(1)).optional(),
  delete: z.array(z.string().min(1)).optional(),
  repository: path,
  tag: path.optional(),
  digest: path.optional(),
  mediaType: path.optional(),
  registry: path.optional(),
  actor: path.optional(),
  at: path.optional(),
  id: path.optional(),
});

/** A duration in milliseconds; `0` is never. */
export const duration = z.union([z.string(), z.literal(0)]).transform((given, context) => {
  try {
    return parseDuration(String(given));
  } catch {
    context.addIssue('is neither 0 nor a duration such as 30s, 15m or 1h');
    return z.NEVER;
  }
});

/** Settings of the reconciliation, which finds pushes that the registry did not report. */
const reconcile = z
  .strictObject({
    every: duration.default(15 * 60_000),
    /** Names, or patterns with `*`; empty for its whole catalog. */
    repositories: z.array(z.string().min(1)).default([]),
    requestsPerMinute: z.int().min(1).max(60_000).default(600),
    /** Newest tags of a repository to import when it is seen for the first time. */
    importNewest: z.int().min(0).max(1_000).default(3),
  })
  .prefault({})
  .transform(({ every, repositories, requestsPerMinute, importNewest }) => ({
    intervalMs: every,
    repositories,
    pauseMs: Math.floor(60_000 / requestsPerMinute),
    newest: importNewest,
  }));

/** Settings for requesting GitHub to redeliver failed webhook deliveries. */
const redeliver = z.strictObject({
  /** `orgs/acme/hooks/123` or `repos/acme/shop/hooks/123`. */
  hook: z.string().regex(/^(orgs\/[\w.-]+|repos\/[\w.-]+\/[\w.-]+)\/hooks\/[0-9]{1,15}$/, 'is no orgs/NAME/hooks/ID'),
  ...secretPair('token'),
  /** URL of GitHub's API: another one for an Enterprise Server. */
  url: z.url({ protocol: /^https?$/ }).default('https://api.github.com'),
  /** Whether that may live on a private or loopback address. */
  allowPrivate: z.boolean().default(false),
  every: duration.default(15 * 60_000),
});

/** Setting `reconcile` of a registry. */
export type Reconciliation = z.output<typeof reconcile>;

/** One of `registries` of tidewaiter.yaml. */
export const registry = z
  .strictObject({
    name,
    /** Name or alias of a kind of `libs/webhooks`. */
    kind: kindByName,
    /** `https://registry.example.com`; plain HTTP only where it says so. */
    url: z.url({ protocol: /^https?$/ }),
    ...secretPair('webhookSecret'),
    /**
     * Accepts webhooks without a secret. Only for registries that cannot send one, on a network
     * that you trust.
     */
    allowUnauthenticated: z.boolean().default(false),
    /** Amazon SNS topic whose signed messages are accepted. */
    topicArn: topicArn.optional(),
    /** PEM file of the certificate that SNS signs with, where it cannot be fetched from Amazon. */
    snsCertificateFile: z.string().optional(),
    /** Audience and service account of the Google push subscription whose tokens are accepted. */
    audience: z.string().min(1).optional(),
    serviceAccount: z.email().optional(),
    /** JWKS file of Google's keys, where they cannot be fetched. */
    googleKeysFile: z.string().optional(),
    fields: fields.optional(),
    redeliver: redeliver.optional(),
    reconcile,
    ...registryHost,
    /** Deprecated name of `insecure`. */
    insecureSkipVerify: z.boolean().default(false),
    /** Asked before the registry, in this order. */
    mirrors: z.array(mirror).max(16).default([]),
  })
  .superRefine(({ kind, fields: paths, redeliver: hook, audience, serviceAccount }, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (paths !== undefined && kind.kind !== 'generic') issue('fields', 'is for the kind generic');
    if (hook !== undefined && kind.kind !== 'ghcr') issue('redeliver', 'is for the kind ghcr');
    if (audience !== undefined && serviceAccount === undefined) issue('serviceAccount', 'is missing');
    if (serviceAccount !== undefined && audience === undefined) issue('audience', 'is missing');
  });

/** GitHub webhook whose failed deliveries are redelivered. */
export interface RedeliverSettings {
  /** Its path in the API. */
  hook: string;
  token: Secret;
  url: string;
  allowPrivate: boolean;
  /** 0: never. */
  intervalMs: number;
}

/** One registry that may send webhooks and that images are pulled from. */
export interface RegistrySettings extends RegistryHostSettings {
  name: string;
  kind: RegistryKind;
  webhookSecret?: Secret;
  allowUnauthenticated: boolean;
  sns?: SnsSettings | undefined;
  /**
   * Claims of accepted Google tokens, with the keys (JWKS) if they cannot be fetched from Google.
   */
  google?: { audience: string; serviceAccount: string; keys?: string | undefined };
  /** Paths of the fields in a webhook body. */
  fields?: z.output<typeof fields>;
  redeliver?: RedeliverSettings;
  reconcile: Reconciliation;
  mirrors: MirrorSettings[];
}

export function registrySettings(read: z.output<typeof registry>, at: string, secrets: SecretReader): RegistrySettings {
  const { name, kind, allowUnauthenticated, webhookSecret, webhookSecretFile, insecureSkipVerify, mirrors, ...rest } =
    read;
  const { audience, serviceAccount, googleKeysFile, fields: paths, reconcile: looks, ...host } = rest;
  return {
    name,
    kind,
    allowUnauthenticated,
    webhookSecret: secrets.read(`${at}.webhookSecret`, webhookSecret, webhookSecretFile),
    sns: snsSettings(read, at, secrets),
    google:
      audience === undefined || serviceAccount === undefined
        ? undefined
        : { audience, serviceAccount, keys: secrets.text(`${at}.googleKeysFile`, googleKeysFile) },
    fields: paths,
    redeliver: redeliverSettings(read.redeliver, `${at}.redeliver`, secrets),
    reconcile: looks,
    ...hostSettings({ ...host, insecure: host.insecure || insecureSkipVerify }, at, secrets),
    mirrors: mirrors.map(({ gives, ...each }, index) => ({
      gives,
      ...hostSettings(each, `${at}.mirrors[${index}]`, secrets),
    })),
  };
}

function redeliverSettings(
  read: z.output<typeof redeliver> | undefined,
  at: string,
  secrets: SecretReader,
): RedeliverSettings | undefined {
  if (read === undefined) return undefined;
  const { hook, url, allowPrivate, every } = read;
  const token = secrets.read(`${at}.token`, read.token, read.tokenFile);
  if (token === undefined && read.tokenFile === undefined) secrets.problem(`${at}.token: is missing`);
  return token && { hook, token, url, allowPrivate, intervalMs: every };
}
