import type { Finding } from '@tidewaiter/domain';

import { type EarlierContent, supplyChainFinding } from './supply-chain-finding.js';

/** Finding about a published version whose tag was moved to other content. */
export function movedTagFinding(repository: string, tag: string, before: EarlierContent): Finding {
  const known = {
    id: 'release-tag-moved',
    severity: 'high',
    title: `Release tag ${tag} moved to different content`,
    evidence: { repository, tag, previousDigest: before.digest, previousPushedAt: before.pushedAt },
  } as const;
  return supplyChainFinding(known, `${repository}:${tag}`);
}

/** Content of the same name in another registry. */
export interface ContentElsewhere extends EarlierContent {
  /** Host of that registry, or the name of its connection. */
  registry: string;
}

/** Finding about a version that has other content in another registry. */
export function differingTagFinding(
  { registry, repository, tag }: { registry: string; repository: string; tag: string },
  elsewhere: ContentElsewhere,
): Finding {
  const known = {
    id: 'release-tag-differs',
    severity: 'high',
    confidence: 'likely',
    title: `Release tag ${tag} has different content in ${elsewhere.registry}`,
    evidence: {
      repository,
      tag,
      registry,
      otherRegistry: elsewhere.registry,
      otherDigest: elsewhere.digest,
      otherPushedAt: elsewhere.pushedAt,
    },
  } as const;
  return supplyChainFinding(known, `${registry}/${repository}:${tag}`);
}
