import { type Claims, noClaims } from './claims.js';
import type { ContainerView } from './views.js';

/** Claims of a persisted container, for a starting ledger. */
export function persistedClaims(container: ContainerView): Claims {
  const { id, pod, cluster, node, name, kind, privileged, overrides, startedAtMs, endedAtMs, lastSeenMs } = container;
  const claims = noClaims('kept', lastSeenMs);
  const { repository, tag, claimedDigests, digest, workload, podUid, serviceAccount } = container;
  // The running digest was resolved; any other claimed digest may be that of a config, which can no
  // longer be determined.
  const digests = [...new Set([...(digest === null ? [] : [digest]), ...claimedDigests])];
  const images = digests.map((each) => ({ repository: each === digest ? repository : null, tag: null, digest: each }));
  const named = repository === null ? [] : [{ repository, tag, digest: null }];
  claims.containers.push({
    ...{ id, pod, cluster, node, name, kind, privileged, overrides },
    images: [...images, ...named],
    startedAtMs,
    endedAtMs,
  });
  if (pod === null) return claims;
  const unknownFields = { labels: null, privileged: null, probes: [], endedAtMs: null };
  claims.pods.push({
    ...pod,
    ...{ uid: podUid, node, serviceAccount },
    workload: workload && { kind: workload.kind, name: workload.name },
    ...unknownFields,
  });
  return claims;
}
