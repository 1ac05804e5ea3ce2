import { Injectable } from '@nestjs/common';
import type { Finding } from '@tidewaiter/domain';
import { type DataOf, draft, imageReexamined } from '@tidewaiter/events';
import { signatureFindings, splitAwaited } from '@tidewaiter/provenance';
import { type Announcement, Incidents, Provenances, type Push, Pushes, type Transaction } from '@tidewaiter/store';

import type { PushEvaluation } from './evaluate-push.js';
import { pushSubject } from './push-subject.js';

type NamedFinding = DataOf<typeof imageReexamined>['opened'][number];

/** Announcement of a push. */
interface PushAnnouncement extends Announcement {
  /** Findings that are not announced yet, as a signature may still arrive. */
  awaited: readonly Finding[];
}

/** Stores which supply-chain findings of a push were announced, and announces changes since. */
@Injectable()
export class PushCorrections {
  constructor(
    private readonly pushes: Pushes,
    private readonly provenances: Provenances,
    private readonly incidents: Incidents,
  ) {}

  /**
   * Stores which findings the announcement of a push covers; returns the fingerprints of findings
   * that wait for a signature.
   */
  async begin(tx: Transaction, push: Push, evaluation: PushEvaluation): Promise<string[]> {
    const announcement = await this.announcementOf(tx, push, evaluation);
    await this.pushes.announce(tx, push.id, announcement);
    return this.awaitSignature(tx, push, announcement);
  }

  /** Findings that the announcement of a push covers, and those that wait for a signature. */
  async announcementOf(tx: Transaction, push: Push, { signatureDueAt }: PushEvaluation): Promise<PushAnnouncement> {
    const { previousDigest } = push;
    const before = previousDigest === null ? null : await this.pushes.announcedBefore(push, previousDigest);
    return this.#announcement(tx, push, signatureDueAt, before ?? new Set());
  }

  /** Queues the end of the wait for a signature, if any; returns the fingerprints of what waits. */
  async awaitSignature(tx: Transaction, { id }: Push, { awaited }: PushAnnouncement): Promise<string[]> {
    if (awaited.length > 0) await tx.enqueue({ queue: 'signature', key: id, class: 'interactive' });
    return awaited.map(({ fingerprint }) => fingerprint);
  }

  /**
   * Publishes that the signatures of a push were verified again, and which announced findings
   * resolved.
   */
  async correct(tx: Transaction, push: Push, evaluation: PushEvaluation): Promise<void> {
    const { counts, verdict, platforms, signatureDueAt } = evaluation;
    const before = await this.pushes.announced(tx, push.id);
    const announcement = await this.#announcement(tx, push, signatureDueAt, fingerprintsOf(before ?? []));
    await this.pushes.announce(tx, push.id, announcement);
    await this.awaitSignature(tx, push, announcement);
    const now = announcement.announced;
    const isCurrent = await this.pushes.isCurrent(tx, push.id);
    const isCorrected = before !== null && (await this.#isCorrected(tx, push, isCurrent));
    const opened = isCorrected ? missingIn(before, now) : [];
    // While the tag still points to this push, missing findings are resolved.
    const resolved = isCorrected && isCurrent ? missingIn(now, before) : [];
    const { id: pushId, connection, repository, tag, previousDigest } = push;
    const place = { pushId, connection, repository, tag, digest: push.digest!, previousDigest };
    const signers = await this.provenances.signers(tx, push.id);
    if (signers.length > 0) {
      const names = [...new Set(signers.map(({ name }) => name))];
      await this.incidents.signed(tx, [push.digest!, ...platforms.map(({ digest }) => digest)], {
        line: `The image is signed by now: by ${names.join(', ')}`,
        isAnnounced: resolved.length > 0,
      });
    }
    const changes = { opened, resolved, signers };
    await tx.emit(
      draft(imageReexamined, pushSubject(push), { ...place, counts, verdict, isCurrent, platforms, ...changes }),
    );
  }

  /**
   * Whether this push is the one to correct: a newer push of the same digest is corrected by
   * itself.
   */
  async #isCorrected(tx: Transaction, push: Push, isCurrent: boolean): Promise<boolean> {
    if (push.tag === null || push.origin === 'imported') return false;
    return isCurrent || (await this.pushes.digestOfTag(tx, push)) !== push.digest;
  }

  /**
   * @param dueAt time until which its signature may arrive, if it still may
   * @param known fingerprints that were announced for this push or for the earlier content of its
   * tag: they do not wait, so that a signature resolves them
   */
  async #announcement(
    tx: Transaction,
    push: Push,
    dueAt: Date | null,
    known: ReadonlySet<string>,
  ): Promise<PushAnnouncement> {
    const findings = await this.provenances.findings(tx, push.id);
    const awaited = splitAwaited(findings, dueAt !== null).awaited.filter(({ fingerprint }) => !known.has(fingerprint));
    const announced = findings.filter((each) => !awaited.includes(each));
    return { announced, awaited, signatureDueAt: awaited.length > 0 ? dueAt : null };
  }
}

function fingerprintsOf(findings: readonly Finding[]): Set<string> {
  return new Set(findings.map(({ fingerprint }) => fingerprint));
}

/**
 * Lists missing findings that a signature decides. Other findings are reported by the push or
 * become part of its incident.
 */
function missingIn(known: readonly Finding[], findings: readonly Finding[]): NamedFinding[] {
  const fingerprints = fingerprintsOf(known);
  return findings
    .filter(({ id, fingerprint }) => signatureFindings.has(id) && !fingerprints.has(fingerprint))
    .map(({ id, fingerprint, severity, title }) => ({ id, fingerprint, severity, title }));
}
