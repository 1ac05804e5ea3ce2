import { Injectable } from '@nestjs/common';
import type { Finding } from '@tidewaiter/domain';
import { differingTagFinding, isPublishedVersion, isVersionTag, movedTagFinding } from '@tidewaiter/provenance';
import { type Push, TagHistories } from '@tidewaiter/store';

/** A push under a tag. */
export type PushUnderTag = Push & { tag: string };

/**
 * Finds whether the tag of a push was a published version with other content: earlier, or in
 * another registry.
 */
@Injectable()
export class TagOrigin {
  constructor(private readonly histories: TagHistories) {}

  async findings(push: PushUnderTag): Promise<Finding[]> {
    if (!isVersionTag(push.tag)) return [];
    const history = await this.histories.of(push.id, push);
    if (!isPublishedVersion(history)) return [];
    const moved = history.earlier.length > 0 ? await this.#moved(push) : [];
    return [...moved, ...(await this.#differing(push))];
  }

  async #moved({ id, repository, tag }: PushUnderTag): Promise<Finding[]> {
    const before = await this.histories.contentBefore(id);
    if (!before) return [];
    return [movedTagFinding(repository, tag, { digest: before.digest, pushedAt: before.pushedAt.toISOString() })];
  }

  async #differing({ id, connection, registryHost, repository, tag }: PushUnderTag): Promise<Finding[]> {
    const place = { registry: registryHost ?? connection, repository, tag };
    const findings: Finding[] = [];
    for (const there of await this.histories.elsewhere(id)) {
      // A mirror that follows later must not turn a moving tag of its source into a version.
      if (!isPublishedVersion(await this.histories.of(id, { ...there, tag }))) continue;
      const { registry, digest, pushedAt } = there;
      findings.push(differingTagFinding(place, { registry, digest, pushedAt: pushedAt.toISOString() }));
    }
    return findings.slice(0, 1);
  }
}
