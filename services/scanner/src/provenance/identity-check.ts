import { Injectable } from '@nestjs/common';
import type { Digest, Finding } from '@tidewaiter/domain';
import {
  identityDeviations,
  identityFindings,
  isVersionTag,
  type PresentedIdentity,
  type PushIdentity as Identity,
  splitAwaited,
  usualPushes,
} from '@tidewaiter/provenance';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import {
  PipelineReports,
  Provenances,
  type Push,
  PushIdentities,
  Store,
  type PushWarning,
  type Transaction,
} from '@tidewaiter/store';

import { TagOrigin, type PushUnderTag } from '../reconcile/tag-origin.js';
import { SignatureGrace } from './signature-grace.js';

/** Image of a push, and the artifacts attached to it. */
export interface ExaminedImage {
  digest: Digest;
  presented: PresentedIdentity;
  warnings: PushWarning[];
}

/**
 * Compares the pusher, signers and builder of a push with the learned identity, and its tag with
 * earlier content.
 */
@Injectable()
export class IdentityCheck {
  constructor(
    private readonly store: Store,
    private readonly identities: PushIdentities,
    private readonly provenances: Provenances,
    private readonly reports: PipelineReports,
    private readonly tags: TagOrigin,
    private readonly grace: SignatureGrace,
    private readonly settings: TidewaiterSettings,
  ) {}

  /**
   * Returns the warnings about parts that could not be read, as {@link warnings} does later.
   * @param put stores the artifacts themselves, in the same transaction
   */
  async evaluate(
    push: Push,
    images: readonly ExaminedImage[],
    put: (tx: Transaction) => Promise<void>,
  ): Promise<PushWarning[]> {
    const { tag } = push;
    // The platforms of an index come first and without a tag; the index is checked for them.
    if (tag === null) {
      await this.store.transaction(put);
      return [];
    }
    const tagged = { ...push, tag };
    const [ofTag, identity] = await Promise.all([this.tags.findings(tagged), this.#identityOf(tagged, images)]);
    const isVersion = isVersionTag(tag);
    const warnings = images.flatMap((image) => image.warnings);
    const deviating = await this.#deviations(tagged, identity, { isVersion, hasOtherSigns: ofTag.length > 0 });
    await this.store.transaction(async (tx) => {
      await put(tx);
      for (const { digest } of images) await this.provenances.putOfTag(tx, tagged, digest, [...ofTag, ...deviating]);
      await this.identities.put(tx, push, { identity, isVersion, warnings });
    });
    return warnings;
  }

  /** Time until which the signature of a push may still arrive; null when it is over. */
  async signatureDueAt(push: Push): Promise<Date | null> {
    return this.grace.dueAt(push);
  }

  /** Whether the push has noted signs, or its repository has findings about its images. */
  async hasFindings(push: Push): Promise<boolean> {
    return this.identities.hasFindings(push.id);
  }

  /** Stores the current supply-chain findings of the push, for the decision about an incident. */
  async noteSigns(tx: Transaction, push: Push, isInGrace: boolean): Promise<void> {
    const { awaited } = splitAwaited(await this.provenances.findings(tx, push.id), isInGrace);
    const ids = awaited.map(({ id }) => id);
    await this.identities.noteSigns(tx, push.id, ids);
  }

  /** Warnings about parts that could not be read. */
  async warnings({ id }: Push): Promise<PushWarning[]> {
    return (await this.identities.get(id))?.warnings ?? [];
  }

  /** A registry error does not revoke a known signature. */
  async #identityOf(push: PushUnderTag, images: readonly ExaminedImage[]): Promise<Identity> {
    const run = await this.reports.runOf(push.id);
    const presented = images.map((image) => image.presented);
    const isComplete = presented.every((each) => each.isComplete);
    const known = isComplete ? null : await this.identities.get(push.id);
    const isWorse = known?.identity.images.every((each) => each.signature) ?? false;
    const pipeline = run && [run.run.source, run.run.workflow].filter(Boolean).join(' ');
    return {
      images: isWorse && known ? known.identity.images : presented,
      pusher: push.pushedBy,
      pipeline: pipeline || null,
    };
  }

  async #deviations(
    push: PushUnderTag,
    identity: Identity,
    { isVersion, hasOtherSigns }: { isVersion: boolean; hasOtherSigns: boolean },
  ): Promise<Finding[]> {
    const { learnFrom } = this.settings.identity;
    if (learnFrom === 0 || push.origin === 'imported') return [];
    const usual = usualPushes(await this.identities.before(push, isVersion), learnFrom);
    const deviations = identityDeviations(identity, usual);
    if (deviations.length === 0) return [];
    const isMissing = deviations.some(({ kind }) => kind === 'missing');
    const signedElsewhere = isMissing ? await this.identities.signedElsewhere(push) : null;
    const { repository, tag } = push;
    return identityFindings({ repository, tag, isVersion, hasOtherSigns, signedElsewhere }, deviations, usual);
  }
}
