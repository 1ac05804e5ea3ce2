import { type EntryKind, entryNouns } from '@tidewaiter/domain';

import type { EntryField } from './entry-values.js';

interface EntryKindPage {
  title: string;
  about: string;
  fields: readonly EntryField[];
  /** Keys of a document that the table shows, with their headings. */
  shown: readonly (readonly [path: string, title: string])[];
}

const name: EntryField = { path: 'name', label: 'Name', type: 'text', isRequired: true };
const repositories: EntryField = {
  path: 'repositories',
  label: 'Repositories, one on each line; all without any',
  type: 'list',
  placeholder: 'shop/*',
};
const connectionName: EntryField = { ...name, label: 'Name, the last part of its webhook address' };

/** Pages of the kinds of entries. */
export const entryPages: Readonly<Record<EntryKind, EntryKindPage>> = {
  exceptions: {
    title: 'Exceptions',
    about: 'Findings that do not count, with reason, owner, approver and end',
    fields: [
      { path: 'finding', label: 'Finding', type: 'text', isRequired: true, placeholder: 'CVE-2026-0001' },
      { path: 'repository', label: 'Repository or pattern', type: 'text', isRequired: true, placeholder: 'shop/*' },
      { path: 'tag', label: 'Tag or pattern; any without it', type: 'text' },
      { path: 'reason', label: 'Reason', type: 'text', isRequired: true },
      { path: 'owner', label: 'Owner', type: 'text', isRequired: true, placeholder: 'team-shop' },
      { path: 'approver', label: 'Approver; you without one', type: 'text' },
      { path: 'until', label: 'Last day', type: 'day', isRequired: true },
    ],
    shown: [
      ['finding', 'Finding'],
      ['repository', 'Repository'],
      ['owner', 'Owner'],
      ['approver', 'Approver'],
      ['until', 'Until'],
    ],
  },
  policies: {
    title: 'Gates',
    about: 'Conditions that images have to meet: they decide verdicts, gates and admission',
    fields: [
      { ...name, label: 'Name: your own, or that of a built-in policy' },
      { path: 'mode', label: 'Mode', type: 'choice', values: ['enforce', 'warn', 'audit'] },
      repositories,
      {
        path: 'source',
        label: 'Text in YAML; none for a built-in policy',
        type: 'long',
        placeholder: 'rules:\n  - expression: findings.all(f, !f.kev)',
      },
    ],
    shown: [
      ['mode', 'Mode'],
      ['repositories', 'Repositories'],
    ],
  },
  signers: {
    title: 'Signers',
    about: 'Keys and identities that have to sign the images of repositories',
    fields: [
      name,
      repositories,
      { path: 'key', label: 'Public key (PEM)', type: 'long' },
      { path: 'identity', label: 'Identity in the certificate, in place of a key', type: 'text' },
      { path: 'issuer', label: 'Issuer of the identity', type: 'text' },
      { path: 'trustedRoot', label: 'Trusted root (JSON)', type: 'long' },
    ],
    shown: [
      ['repositories', 'Repositories'],
      ['identity', 'Identity'],
    ],
  },
  reports: {
    title: 'Reports',
    about: 'What is unfixed and for how long: sent on a schedule, as CSV by mail and by link to other channels',
    fields: [
      name,
      {
        path: 'schedule',
        label: 'Schedule',
        type: 'text',
        isRequired: true,
        placeholder: 'weekly, monthly or 0 7 * * 1',
      },
      { path: 'location', label: 'Time zone; UTC without one', type: 'text', placeholder: 'Europe/Berlin' },
      { path: 'receiver', label: 'Receiver', type: 'text', isRequired: true },
      { path: 'by', label: 'Grouped by', type: 'choice', values: ['repository', 'owner'] },
      {
        path: 'query',
        label: 'Vulnerabilities; high and critical ones without a query',
        type: 'text',
        placeholder: 'severity>=high fixable',
      },
      { ...repositories, label: 'Limited to repositories, one on each line' },
      { path: 'clusters', label: 'Limited to clusters', type: 'list' },
      { path: 'namespaces', label: 'Limited to namespaces', type: 'list' },
      { path: 'owners', label: 'Limited to owners', type: 'list', placeholder: 'team-shop' },
    ],
    shown: [
      ['schedule', 'Schedule'],
      ['receiver', 'Receiver'],
    ],
  },
  registries: {
    title: 'Registries',
    about: 'Registries that send webhooks and that images are read from',
    fields: [
      connectionName,
      { path: 'kind', label: 'Kind', type: 'text', isRequired: true, placeholder: 'harbor' },
      {
        path: 'url',
        label: 'Address',
        type: 'text',
        isRequired: true,
        placeholder: 'with https, as in tidewaiter.yaml',
      },
      { path: 'webhookSecret', label: 'Secret of its webhooks', type: 'secret' },
      { path: 'credentials.username', label: 'User for reading images', type: 'text' },
      { path: 'credentials.password', label: 'Password', type: 'secret' },
      { path: 'reconcile.every', label: 'Search for missed pushes every', type: 'text', placeholder: '15m' },
      { path: 'allowPrivate', label: 'On a private address', type: 'flag' },
    ],
    shown: [
      ['kind', 'Kind'],
      ['url', 'Address'],
    ],
  },
  sensors: {
    title: 'Sensors',
    about: 'Programs that send runtime events',
    fields: [
      connectionName,
      { path: 'kind', label: 'Kind', type: 'text', isRequired: true, placeholder: 'tetragon' },
      { path: 'cluster', label: 'Cluster', type: 'text' },
      { path: 'token', label: 'Token that it sends', type: 'secret' },
      { path: 'silentAfter', label: 'Stale after', type: 'text', placeholder: '10m' },
    ],
    shown: [
      ['kind', 'Kind'],
      ['cluster', 'Cluster'],
    ],
  },
};

/** `New exception`, `Sensor nodes`. */
export function entryTitle(kind: EntryKind, entry: string | null): string {
  const noun = entryNouns[kind];
  return entry === null ? `New ${noun}` : `${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${entry}`;
}
