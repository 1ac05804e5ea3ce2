import type { JsonObject } from './runtime-record.js';

/** Lists of `tidewaiter.yaml` whose entries the API manages, too, by their keys. */
export const entryKinds = ['exceptions', 'policies', 'signers', 'registries', 'sensors'] as const;

export type EntryKind = (typeof entryKinds)[number];

/** One entry of each kind in words. */
export const entryNouns: Readonly<Record<EntryKind, string>> = {
  exceptions: 'exception',
  policies: 'policy',
  signers: 'signer',
  registries: 'registry',
  sensors: 'sensor',
};

/** Services that use entries of each kind. */
export const entryUsers: Readonly<Record<EntryKind, readonly string[]>> = {
  exceptions: ['console', 'notifier', 'scanner'],
  policies: ['console', 'notifier', 'scanner'],
  signers: ['console', 'notifier', 'scanner'],
  registries: ['ingest', 'scanner'],
  sensors: ['ingest'],
};

/** Kinds of entries that a service uses. */
export function entryKindsOf(service: string): EntryKind[] {
  return entryKinds.filter((kind) => entryUsers[kind].includes(service));
}

/** Entry that was made by API. */
export interface ManagedEntry {
  kind: EntryKind;
  name: string;
  /** As in `tidewaiter.yaml`, without its secrets. */
  document: JsonObject;
  /** Encrypted secrets, by their paths in the document: `credentials.password`. */
  sealed: Readonly<Record<string, string>>;
}

/** Managed entries of some kinds at one time. */
export interface ManagedEntrySet {
  /** Grows with every change. */
  revision: number;
  entries: readonly ManagedEntry[];
}
