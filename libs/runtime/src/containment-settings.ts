import type { KeyObject } from 'node:crypto';

import { type AutomaticRule, readSigningKey } from '@tidewaiter/containment';
import { containmentActions, severities } from '@tidewaiter/domain';
import { z } from 'zod';

import { duration } from './registry-settings.js';
import { name, secretPair, type SecretReader } from './secret-settings.js';

const patterns = z.array(z.string().min(1).max(300)).max(100).default([]);

/** When an incident is contained without a user; empty lists match everything. */
const automatic = z.strictObject({
  name,
  action: z.enum(containmentActions),
  mode: z.enum(['off', 'dry-run', 'enforce']).default('dry-run'),
  /** Least severity of the incident. */
  severity: z.enum(severities).default('critical'),
  /** Titles of rules; `*` matches any characters. */
  rules: patterns,
  namespaces: patterns,
  clusters: patterns,
});

/** Orders to the agents of clusters. */
export const containment = z
  .strictObject({
    /** Ed25519 private key in PEM that signs the orders; without it there are none. */
    ...secretPair('signingKey'),
    /** Time within which an agent has to carry out an order. */
    validFor: duration.refine((ms) => ms >= 60_000 && ms <= 3_600_000, 'must be from 1m to 1h').default(15 * 60_000),
    automatic: z.array(automatic).max(100).default([]),
  })
  .prefault({});

/** Settings of containment. */
export interface ContainmentSettings {
  /** Undefined without a key, and in services that sign nothing. */
  signingKey: KeyObject | undefined;
  validForMs: number;
  automatic: AutomaticRule[];
}

export function containmentSettings(read: z.output<typeof containment>, reader: SecretReader): ContainmentSettings {
  const { signingKey, signingKeyFile, validFor, automatic: rules } = read;
  const pem = reader.read('containment.signingKey', signingKey, signingKeyFile)?.reveal() ?? '';
  if (rules.length > 0 && signingKey === undefined && signingKeyFile === undefined)
    reader.problem('containment.automatic: needs containment.signingKeyFile');
  return { signingKey: pem === '' ? undefined : keyOf(pem, reader), validForMs: validFor, automatic: rules };
}

function keyOf(pem: string, reader: SecretReader): KeyObject | undefined {
  try {
    return readSigningKey(pem);
  } catch {
    reader.problem('containment.signingKey: is no Ed25519 private key in PEM');
    return undefined;
  }
}
