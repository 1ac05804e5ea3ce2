import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { EntryKind } from '@tidewaiter/domain';

import { refreshOf, slowRefreshOf } from '../live/refresh.js';
import { answerOf, client } from './client.js';
import { entryPaths } from './entry-paths.js';
import type { CompletedList, QueryOf } from './types.js';

/** Rows of a short list: choices while something is typed, similar incidents. */
const maxChoices = 10;

export const status = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/status', { signal })),
  refetchInterval: refreshOf,
});

/** A repository of a registry. */
export interface RepositoryName {
  connection: string;
  repository: string;
}

/** Figures of days, of which only the last one changes. */
const figures = { staleTime: 60_000, refetchInterval: 300_000 };

/** Days in figures, of one repository or of all. */
export const trends = (place: RepositoryName | null) =>
  queryOptions({
    queryKey: ['trends', place],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/trends', { params: { query: { ...place } }, signal })),
    ...figures,
  });

/** Images and workloads with a vulnerability, day by day. */
export const vulnerabilityTrend = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', id, 'trend'],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/vulnerabilities/{id}/trend', { params: { path: { id } }, signal })),
    ...figures,
  });

/** Time that fixes take, of one repository or of the fleet. */
export const fixTimes = (place: RepositoryName | null) =>
  queryOptions({
    queryKey: ['fix-times', place],
    queryFn: ({ signal }) =>
      place === null
        ? answerOf(client.GET('/api/v1/fix-times', { signal }))
        : answerOf(client.GET('/api/v1/repositories/fix-times', { params: { query: place }, signal })),
    ...figures,
  });

export const storage = queryOptions({
  queryKey: ['storage'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/storage', { signal })),
  staleTime: 60_000,
});

/** Deletions of repositories and clusters, which go on in the background. */
export const removals = queryOptions({
  queryKey: ['removals'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/removals', { signal })),
  refetchInterval: refreshOf,
});

export const clusters = queryOptions({
  queryKey: ['clusters'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/clusters', { signal })),
  refetchInterval: refreshOf,
});

/** The user of this page, and the role. */
export const me = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/me', { signal })),
  staleTime: 5 * 60_000,
});

/** Users to whom an incident can be assigned, or any incident of the caller. */
export const assignees = (incident?: string) =>
  queryOptions({
    queryKey: ['assignees', incident],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/assignees', { params: { query: { incident } }, signal })),
    staleTime: 60_000,
  });

/** Lists with their fields. */
export const lists = queryOptions({
  queryKey: ['lists'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/lists', { signal })),
  staleTime: Infinity,
});

/** Completions of a query at a place between its characters, and its error. */
export const completions = (list: CompletedList, q: string, cursor: number) =>
  queryOptions({
    queryKey: ['completions', list, q, cursor],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/completions', { params: { query: { list, q, cursor } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** Whether each entry of the audit log follows from those before it; it reads the whole log. */
export const auditVerification = queryOptions({
  queryKey: ['audit', 'verification'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/audit/verification', { signal })),
  staleTime: Infinity,
});

/** Ways to sign in, which need no session. */
export const signInOptions = queryOptions({
  queryKey: ['sign-in'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/sign-in', { signal })),
});

/** Sign-in of a command line that waits for approval. */
export const deviceLogin = (code: string) =>
  queryOptions({
    queryKey: ['device-logins', code],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/device-logins/{code}', { params: { path: { code } }, signal })),
    retry: false,
  });

export const incident = (id: string) =>
  queryOptions({
    queryKey: ['incidents', id],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/incidents/{id}', { params: { path: { id } }, signal })),
    refetchInterval: refreshOf,
  });

/** Actions that contain an incident, and its orders. */
export const incidentContainment = (id: string) =>
  queryOptions({
    queryKey: ['incidents', id, 'containment'],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/incidents/{id}/containment', { params: { path: { id } }, signal })),
    refetchInterval: refreshOf,
  });

/** Incidents of a query in any state, newest first. */
export const incidentsMatching = (q: string) =>
  queryOptions({
    queryKey: ['incidents', 'matching', q],
    queryFn: ({ signal }) =>
      answerOf(
        client.GET('/api/v1/incidents', { params: { query: { q, sort: '-number', limit: maxChoices } }, signal }),
      ),
  });

export const push = (id: string) =>
  queryOptions({
    queryKey: ['pushes', id],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/pushes/{id}', { params: { path: { id } }, signal })),
    refetchInterval: slowRefreshOf,
  });

export const pushChanges = (id: string) =>
  queryOptions({
    queryKey: ['pushes', id, 'changes'],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/pushes/{id}/changes', { params: { path: { id } }, signal })),
  });

/** Changes between any two images; what a tag or a workload names may change meanwhile. */
export const comparison = (pair: QueryOf<'/api/v1/compare'>) =>
  queryOptions({
    queryKey: ['compare', pair],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/compare', { params: { query: pair }, signal })),
    staleTime: 60_000,
  });

/** Analyzed pushes of a query, newest first. */
/** Newest pushes of some digests. */
export const pushesOfDigests = (digests: readonly string[]) =>
  queryOptions({
    queryKey: ['pushes', 'of digests', digests],
    queryFn: ({ signal }) =>
      answerOf(
        client.GET('/api/v1/pushes', { params: { query: { q: `digest=${digests.join(',')}`, limit: 200 } }, signal }),
      ),
  });

export const pushesMatching = (q: string) =>
  queryOptions({
    queryKey: ['pushes', 'matching', q],
    queryFn: ({ signal }) =>
      answerOf(
        client.GET('/api/v1/pushes', {
          params: { query: { q, state: 'analyzed', sort: '-received', limit: maxChoices } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** A workload with its containers, packages in use, misconfigurations and incidents. */
export const workload = (place: WorkloadPlace) =>
  queryOptions({
    queryKey: ['workloads', 'one', place],
    queryFn: ({ signal }) =>
      answerOf(
        client.GET('/api/v1/workloads/{cluster}/{namespace}/{kind}/{name}', { params: { path: place }, signal }),
      ),
    refetchInterval: slowRefreshOf,
  });

interface WorkloadPlace {
  /** `-` without a name. */
  cluster: string;
  namespace: string;
  kind: string;
  name: string;
}

/** Clusters and their namespaces. */
export const workloadNamespaces = queryOptions({
  queryKey: ['workloads', 'namespaces'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/workloads/namespaces', { signal })),
  refetchInterval: slowRefreshOf,
});

/** Workloads of a query by name. */
export const workloadsMatching = (q: string) =>
  queryOptions({
    queryKey: ['workloads', 'matching', q],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/workloads', { params: { query: { q, sort: 'name', limit: maxChoices } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export const image = (digest: string) =>
  queryOptions({
    queryKey: ['images', digest],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/images/{digest}', { params: { path: { digest } }, signal })),
  });

export const imageFindings = (digest: string, pushId: string | undefined) =>
  queryOptions({
    queryKey: ['images', digest, 'findings', pushId],
    queryFn: ({ signal }) =>
      answerOf(
        client.GET('/api/v1/images/{digest}/findings', {
          params: { path: { digest }, query: pushId === undefined ? {} : { push: pushId } },
          signal,
        }),
      ),
    refetchInterval: slowRefreshOf,
  });

/** Base of an image, and what newer ones would close. */
export const imageBase = (digest: string, pushId: string | undefined) =>
  queryOptions({
    queryKey: ['images', digest, 'base', pushId],
    queryFn: ({ signal }) =>
      answerOf(
        client.GET('/api/v1/images/{digest}/base', {
          params: { path: { digest }, query: pushId === undefined ? {} : { push: pushId } },
          signal,
        }),
      ),
  });

export const imagePackages = (digest: string) =>
  queryOptions({
    queryKey: ['images', digest, 'packages'],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/images/{digest}/packages', { params: { path: { digest } }, signal })),
  });

/** Images that hold a package, file or other condition, with the totals. */
export const reach = (query: QueryOf<'/api/v1/blast-radius'>) =>
  queryOptions({
    queryKey: ['reach', query],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/blast-radius', { params: { query }, signal })),
  });

export const vexStatements = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['vulnerabilities', id, 'vex'],
    queryFn: ({ pageParam: after, signal }) =>
      answerOf(
        client.GET('/api/v1/vulnerabilities/{id}/vex', {
          params: { path: { id }, query: after ? { after } : {} },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });

export const search = (q: string) =>
  queryOptions({
    queryKey: ['search', q],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/search', { params: { query: { q } }, signal })),
    enabled: q !== '',
  });

export const delivery = (id: string) =>
  queryOptions({
    queryKey: ['deliveries', id],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/deliveries/{id}', { params: { path: { id } }, signal })),
    refetchInterval: refreshOf,
  });

export const messagePreview = (query: QueryOf<'/api/v1/messages/preview'>) =>
  queryOptions({
    queryKey: ['message-preview', query],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/messages/preview', { params: { query }, signal })),
  });

/** Versions of a managed entry, newest first. */
export const entryVersions = (kind: EntryKind, name: string) =>
  queryOptions({
    queryKey: ['entries', kind, name, 'versions'],
    queryFn: ({ signal }) => answerOf(client.GET(entryPaths(kind).versions, { params: { path: { name } }, signal })),
  });

/** Kinds of registries, and how each is connected. */
export const registryKinds = queryOptions({
  queryKey: ['registry-kinds'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/registry-kinds', { signal })),
  staleTime: 60_000,
});

/** The newest push of a connection, as soon as there is one. */
export const firstPush = (connection: string) =>
  queryOptions({
    queryKey: ['pushes', 'of', connection],
    queryFn: ({ signal }) =>
      answerOf(
        client.GET('/api/v1/pushes', { params: { query: { q: `connection="${connection}"`, limit: 1 } }, signal }),
      ),
    refetchInterval: refreshOf,
  });

/** Views for the home page, counted. */
export const pinnedViews = queryOptions({
  queryKey: ['views', 'pinned'],
  queryFn: ({ signal }) =>
    answerOf(client.GET('/api/v1/views', { params: { query: { pinned: 'true', count: 'true' } }, signal })),
  refetchInterval: slowRefreshOf,
});

/** Unfixed findings of now, by owner or repository. */
export const unfixed = (query: QueryOf<'/api/v1/unfixed'>) =>
  queryOptions({
    queryKey: ['unfixed', query],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/unfixed', { params: { query }, signal })),
  });

/** Times that fixes took, by owner or repository. */
export const fixTimeGroups = (query: QueryOf<'/api/v1/fix-times/groups'>) =>
  queryOptions({
    queryKey: ['fix-time-groups', query],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/fix-times/groups', { params: { query }, signal })),
  });

/** Reports that were made, newest first. */
export const reportRuns = queryOptions({
  queryKey: ['report-runs'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/report-runs', { signal })),
});

export const reportRun = (id: string) =>
  queryOptions({
    queryKey: ['report-runs', id],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/report-runs/{id}', { params: { path: { id } }, signal })),
  });

/** The managed routing. */
export const routing = queryOptions({
  queryKey: ['routing', 'newest'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/routes', { signal })),
});

export const silence = (id: string) =>
  queryOptions({
    queryKey: ['silences', id],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/silences/{id}', { params: { path: { id } }, signal })),
  });

/** Versions of a silence, newest first. */
export const silenceVersions = (id: string) =>
  queryOptions({
    queryKey: ['silences', id, 'versions'],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/silences/{id}/versions', { params: { path: { id } }, signal })),
  });

/** Number of dead letters that a query matches. */
export const deadLetterCount = (q: string) =>
  queryOptions({
    queryKey: ['dead-letters', 'count', q],
    queryFn: async ({ signal }) => {
      const query = { q, limit: 1, count: 'true' } as const;
      return (await answerOf(client.GET('/api/v1/dead-letters', { params: { query }, signal }))).total;
    },
    refetchInterval: slowRefreshOf,
  });

export const routingVersions = queryOptions({
  queryKey: ['routing', 'versions'],
  queryFn: ({ signal }) => answerOf(client.GET('/api/v1/routes/versions', { signal })),
});

export const vulnerability = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', id],
    queryFn: ({ signal }) => answerOf(client.GET('/api/v1/vulnerabilities/{id}', { params: { path: { id } }, signal })),
  });
