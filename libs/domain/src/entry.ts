import type { JsonObject } from './runtime-record.js';

/** Lists of `tidewaiter.yaml` whose entries the API manages, too, by their keys. */
export const entryKinds = ['exceptions', 'policies', 'signers', 'registries', 'sensors', 'reports'] as const;

export type EntryKind = (typeof entryKinds)[number];

/** Kinds that the API manages: entries, and the routing as a whole. */
export const managedKinds = [...entryKinds, 'routing'] as const;

export type ManagedKind = (typeof managedKinds)[number];

/** One entry of each kind in words. */
export const entryNouns: Readonly<Record<ManagedKind, string>> = {
  exceptions: 'exception',
  policies: 'policy',
  signers: 'signer',
  registries: 'registry',
  sensors: 'sensor',
  reports: 'report',
  routing: 'routing',
};

/** Services that use entries of each kind. */
export const entryUsers: Readonly<Record<ManagedKind, readonly string[]>> = {
  exceptions: ['console', 'notifier', 'scanner'],
  policies: ['console', 'notifier', 'scanner'],
  signers: ['console', 'notifier', 'scanner'],
  registries: ['ingest', 'scanner'],
  sensors: ['ingest'],
  reports: ['console', 'notifier'],
  routing: ['notifier'],
};

/** Kinds of entries that a service uses. */
export function managedKindsOf(service: string): ManagedKind[] {
  return managedKinds.filter((kind) => entryUsers[kind].includes(service));
}

/** Entry that was made by API. */
export interface ManagedEntry {
  kind: ManagedKind;
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
