import { Injectable } from '@nestjs/common';
import type { Finding } from '@tidewaiter/domain';
import { type DataOf, draft, imageReexamined } from '@tidewaiter/events';
import { signatureFindings, splitAwaited } from '@tidewaiter/provenance';
import { Incidents, Provenances, type Push, Pushes, type Transaction } from '@tidewaiter/store';

import type { PushEvaluation } from './evaluate-push.js';
import { pushSubject } from './push-subject.js';

type NamedFinding = DataOf<typeof imageReexamined>['opened'][number];

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
  async begin(tx: Transaction, push: Push, { signatureDueAt }: PushEvaluation): Promise<string[]> {
    const { previousDigest } = push;
    const before = previousDigest === null ? null : await this.pushes.announcedBefore(push, previousDigest);
    const { awaited } = await this.#announce(tx, push, signatureDueAt, before ?? new Set());
    return awaited.map(({ fingerprint }) => fingerprint);
  }

  /**
   * Publishes that the signatures of a push were verified again, and which announced findings
   * resolved.
   */
  async correct(tx: Transaction, push: Push, evaluation: PushEvaluation): Promise<void> {
    const { counts, verdict, platforms, signatureDueAt } = evaluation;
    const before = await this.pushes.announced(tx, push.id);
    const { announced: now } = await this.#announce(tx, push, signatureDueAt, fingerprintsOf(before ?? []));
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
  async #announce(
    tx: Transaction,
    push: Push,
    dueAt: Date | null,
    known: ReadonlySet<string>,
  ): Promise<{ announced: Finding[]; awaited: Finding[] }> {
    const findings = await this.provenances.findings(tx, push.id);
    const awaited = splitAwaited(findings, dueAt !== null).awaited.filter(({ fingerprint }) => !known.has(fingerprint));
    const announced = findings.filter((each) => !awaited.includes(each));
    const isWaiting = awaited.length > 0;
    await this.pushes.announce(tx, push.id, announced, isWaiting ? dueAt : null);
    if (isWaiting) await tx.enqueue({ queue: 'signature', key: push.id, class: 'interactive' });
    return { announced, awaited };
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
