import type { EntryKind } from '@tidewaiter/domain';

import type { ListSource } from '../live/live-list.js';
import { answerOf, client } from './client.js';
import { entryPaths } from './entry-paths.js';
import type { paths } from './openapi.js';
import type {
  Alert,
  AuditEntry,
  DeadLetter,
  Delivery,
  Entry,
  Incident,
  Push,
  QueryOf,
  ReachedContainer,
  Repository,
  Receiver,
  Rule,
  ServiceAccount,
  Session,
  Silence,
  Token,
  Upgrade,
  User,
  Vulnerability,
  Workload,
  WorkloadFinding,
  View,
} from './types.js';

/** Rows that a page of a list asks for. */
const limit = 100;

const idOf = ({ id }: { readonly id: string }) => id;

/** Query parameters of a list without those of its pages. */
type Filter<Path extends keyof paths> = Omit<QueryOf<Path>, 'after' | 'limit'>;

export function pushes(filter: Filter<'/api/v1/pushes'>): ListSource<Push> {
  return {
    key: ['pushes', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/pushes', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function repositories(filter: Filter<'/api/v1/repositories'>): ListSource<Repository> {
  return {
    key: ['repositories', filter],
    keyOf: ({ registry, connection, repository }) => JSON.stringify([registry, connection, repository]),
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/repositories', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function vulnerabilities(filter: Filter<'/api/v1/vulnerabilities'>): ListSource<Vulnerability> {
  return {
    key: ['vulnerabilities', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/vulnerabilities', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function fixes(filter: Filter<'/api/v1/fixes'>): ListSource<Upgrade> {
  return {
    key: ['fixes', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/fixes', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function incidents(filter: Filter<'/api/v1/incidents'>): ListSource<Incident> {
  return {
    key: ['incidents', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/incidents', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function alerts(filter: Filter<'/api/v1/alerts'>): ListSource<Alert> {
  return {
    key: ['alerts', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/alerts', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function workloads(filter: Filter<'/api/v1/workloads'>): ListSource<Workload> {
  return {
    key: ['workloads', filter],
    keyOf: ({ cluster, namespace, kind, name }) => JSON.stringify([cluster, namespace, kind, name]),
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/workloads', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function workloadFindings(filter: Filter<'/api/v1/workloads/findings'>): ListSource<WorkloadFinding> {
  return {
    key: ['workload-findings', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/workloads/findings', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function silences(filter: Filter<'/api/v1/silences'>): ListSource<Silence> {
  return {
    key: ['silences', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/silences', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function entries(kind: EntryKind, filter: Filter<'/api/v1/exceptions'>): ListSource<Entry> {
  return {
    key: ['entries', kind, filter],
    keyOf: ({ name, source }) => `${source} ${name}`,
    page: (after, signal) =>
      answerOf(client.GET(entryPaths(kind).list, { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function rules(filter: Filter<'/api/v1/rules'>): ListSource<Rule> {
  return {
    key: ['rules', filter],
    keyOf: ({ file, line }) => `${file}:${line}`,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/rules', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function deliveries(filter: Filter<'/api/v1/deliveries'>): ListSource<Delivery> {
  return {
    key: ['deliveries', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/deliveries', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function deadLetters(filter: Filter<'/api/v1/dead-letters'> = {}): ListSource<DeadLetter> {
  return {
    key: ['dead-letters', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/dead-letters', { params: { query: { ...filter, limit, after } }, signal })),
  };
}

export function reachedContainers(filter: Filter<'/api/v1/blast-radius/containers'>): ListSource<ReachedContainer> {
  return {
    key: ['reach', 'containers', filter],
    keyOf: idOf,
    page: (after, signal) =>
      answerOf(
        client.GET('/api/v1/blast-radius/containers', { params: { query: { ...filter, limit, after } }, signal }),
      ),
  };
}

/** Channels of the last week; they come on one page. */
export const receivers: ListSource<Receiver> = {
  key: ['receivers'],
  keyOf: ({ receiver, channel, integration }) => JSON.stringify([receiver, channel, integration]),
  page: (_, signal) => answerOf(client.GET('/api/v1/receivers', { signal })),
};

export const users: ListSource<User> = {
  key: ['users'],
  keyOf: idOf,
  page: (after, signal) => answerOf(client.GET('/api/v1/users', { params: { query: { limit, after } }, signal })),
};

export const sessions: ListSource<Session> = {
  key: ['sessions'],
  keyOf: idOf,
  page: (after, signal) => answerOf(client.GET('/api/v1/sessions', { params: { query: { limit, after } }, signal })),
};

export const serviceAccounts: ListSource<ServiceAccount> = {
  key: ['service-accounts'],
  keyOf: idOf,
  page: (after, signal) =>
    answerOf(client.GET('/api/v1/service-accounts', { params: { query: { limit, after } }, signal })),
};

/** Views with their counts; they come on one page. */
export const views: ListSource<View> = {
  key: ['views'],
  keyOf: idOf,
  page: (_, signal) => answerOf(client.GET('/api/v1/views', { params: { query: { count: 'true' } }, signal })),
};

/** Tokens that are not revoked; they come on one page. */
export const tokens: ListSource<Token> = {
  key: ['tokens'],
  keyOf: idOf,
  page: (_, signal) => answerOf(client.GET('/api/v1/tokens', { signal })),
};

export function audit(filter: Filter<'/api/v1/audit'>): ListSource<AuditEntry> {
  return {
    key: ['audit', filter],
    keyOf: ({ number }) => String(number),
    page: (after, signal) =>
      answerOf(client.GET('/api/v1/audit', { params: { query: { ...filter, limit, after } }, signal })),
  };
}
