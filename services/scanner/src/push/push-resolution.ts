import { Injectable } from '@nestjs/common';
import { type Digest, InvalidInput, LimitExceeded, NotFound, Unavailable } from '@tidewaiter/domain';
import type { FetchedManifest } from '@tidewaiter/registry';
import { failpoint } from '@tidewaiter/runtime';
import { Images, type Push, Pushes, Store, type TagAnswer, TagLedger, type Transaction } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { isRefusal } from '../failure.js';
import { attachedKey } from '../provenance/verify-attached.js';
import { TagLookup } from '../reconcile/tag-lookup.js';
import { Registries } from '../registries.js';
import { NotAnImage, resolvePush } from './resolve-push.js';

/** Answer of the registry about a tag, with the manifest where it has sent that, too. */
type AnswerWithManifest = TagAnswer & { manifest?: FetchedManifest };

/** Limit on registry requests about one tag while concurrent processes record the same tag. */
const maxAnswers = 5;

/** Resolves a push and its tag, and stores both. */
@Injectable()
export class PushResolution {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly registries: Registries,
    private readonly tags: TagLookup,
    private readonly ledger: TagLedger,
    private readonly analysis: Analysis,
  ) {}

  /**
   * Resolves the push unless that is done; returns its new state, or null when it needs no more
   * work.
   * @param then goes on in the transaction that stores it, which has locked the push, with what
   * comes next for it
   */
  async resolve<Next>(
    id: string,
    signal: AbortSignal,
    then: (tx: Transaction, push: Push) => Promise<Next>,
  ): Promise<{ push: Push; next: Next } | null> {
    const known = await this.pushes.getAt(id);
    if (!known || ['analyzed', 'not-an-image', 'refused'].includes(known.push.state)) return null;
    const { push, readAt } = known;
    if (push.state === 'analyzing') return { push, next: await this.#goOn(push, then) };
    const answer = await this.#ask(push, readAt, signal);
    const digest = push.digest ?? push.claimedDigest ?? answer?.digest ?? null;
    if (digest === null && push.tag !== null && answer?.digest === null) {
      throw new NotFound('MANIFEST_UNKNOWN', `the tag ${push.tag} is gone`);
    }
    const found = await this.#read({ ...push, digest }, answer, signal);
    const store = async (tx: Transaction) => {
      await this.images.add(tx, found.images);
      const imageDigests = found.images.map((image) => image.digest);
      const isPlaced = answer !== null;
      const resolved = await this.pushes.resolved(tx, { ...push, digest }, { ...found, imageDigests, isPlaced });
      return { push: resolved, next: await then(tx, resolved) };
    };
    const resolved = await (answer
      ? this.#place(push, found.digest, answer, signal, store)
      : this.store.transaction(store));
    failpoint('push.resolved');
    return resolved;
  }

  async #goOn<Next>(push: Push, then: (tx: Transaction, push: Push) => Promise<Next>): Promise<Next> {
    return this.store.transaction(async (tx) => {
      await this.pushes.lock(tx, push.id);
      return then(tx, push);
    });
  }

  /** @param answer about the tag of the push, which enters the ledger even without its content */
  async #read(push: Push, answer: AnswerWithManifest | null, signal: AbortSignal) {
    const client = this.registries.client(push.connection);
    const { platforms } = this.registries;
    try {
      const resolved = await resolvePush(
        client,
        push,
        { platforms, analysis: this.analysis, fetched: answer?.manifest },
        signal,
      );
      return { ...resolved, registryHost: client.host };
    } catch (error) {
      // The registry confirms the content: the tag was moved, whether or not the image can be read.
      if (answer && push.digest && answer.digest === push.digest) await this.#place(push, push.digest, answer, signal);
      else if (answer && isRefusal(error)) await this.#placeUnread(push, answer, error instanceof NotAnImage, signal);
      throw error;
    }
  }

  /**
   * Records the tag of a push that cannot be read: the push itself counts only if its manifest
   * existed.
   */
  async #placeUnread(push: Push, answer: TagAnswer, isThere: boolean, signal: AbortSignal): Promise<void> {
    if (isThere && push.digest) return this.#place(push, push.digest, answer, signal);
    const tags = new Map([[push.tag ?? '', answer.digest]]);
    await this.store.transaction(async (tx) => this.ledger.observed(tx, push, tags, answer));
  }

  /**
   * Null if there is no tag to resolve, or its content cannot be read: then the webhook counts.
   * @param askedAt time before the request, by {@link TagLedger.now}
   */
  async #ask(
    { connection, repository, tag, artifact }: Push,
    askedAt: string,
    signal: AbortSignal,
  ): Promise<AnswerWithManifest | null> {
    if (tag === null || artifact !== 'image') return null;
    try {
      return { ...(await this.tags.manifestOf(connection, repository, tag, signal)), askedAt };
    } catch (error) {
      if (error instanceof InvalidInput || error instanceof LimitExceeded) return null;
      throw error;
    }
  }

  async #place(push: Push, digest: Digest, first: TagAnswer, signal: AbortSignal): Promise<void>;
  async #place<Next>(
    push: Push,
    digest: Digest,
    first: TagAnswer,
    signal: AbortSignal,
    then: (tx: Transaction) => Promise<Next>,
  ): Promise<Next>;
  /**
   * Records the push in the ledger of its tag, by an answer that is newer than the ledger; `then`
   * goes on in the same transaction.
   */
  async #place(
    push: Push,
    digest: Digest,
    first: TagAnswer,
    signal: AbortSignal,
    then: (tx: Transaction) => Promise<unknown> = async () => undefined,
  ): Promise<unknown> {
    let answer: TagAnswer | null = first;
    for (let answers = 1; answer !== null && answers <= maxAnswers; answers += 1) {
      const known: TagAnswer = answer;
      const placed = await this.store.transaction(async (tx) => {
        const { isOutdated, successor } = await this.ledger.place(tx, push, digest, known);
        if (isOutdated) return null;
        if (successor) {
          const key = attachedKey(push.id, successor.digest);
          await tx.enqueue({ queue: 'attached', key, class: 'interactive' });
        }
        return { next: await then(tx) };
      });
      failpoint('push.tag-placed');
      if (placed) return placed.next;
      answer = await this.#ask(push, await this.ledger.now(), signal);
    }
    throw new Unavailable('TAG_CHANGING', `${push.repository}:${push.tag} is being pushed to`);
  }
}
