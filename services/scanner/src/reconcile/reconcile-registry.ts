import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { AccessDenied, type Digest, InvalidInput, LimitExceeded, matchesWildcard, NotFound } from '@tidewaiter/domain';
import { draft, registryDeleted, registryPushed } from '@tidewaiter/events';
import { type Descriptor, leadsToImage } from '@tidewaiter/oci';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger, failpoint } from '@tidewaiter/runtime';
import {
  type ClaimedJob,
  Jobs,
  Pushes,
  RegistryTags,
  Store,
  TagLedger,
  type Transaction,
  pushJob,
} from '@tidewaiter/store';

import { Registries } from '../registries.js';
import { ScannerMetrics } from '../scanner-metrics.js';
import { type RegistryTagState, reconcile, type Reconciled } from './reconciliation.js';
import { TagLookup } from './tag-lookup.js';

/** Limit on tags of one repository; programs write most repositories with more. */
const maxTags = 5_000;
/**
 * Limit on tags of a repository that look like those of signatures: an image has some three of
 * them.
 */
const maxAttachments = 3 * maxTags;
/** Limit on manifests that are remembered as no images. */
const maxKnownAttachments = 100_000;
/** Tags of signatures and attestations, which appear and disappear with their image. */
const attachmentTag = /^sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/;

/** Digests of the tags of a repository. */
interface FoundTags {
  tags: Map<string, Digest>;
  /** Tags that exist, but whose digest could not be read. */
  unreadable: Set<string>;
}

/**
 * Compares the tags of a registry with the tag ledger, corrects the ledger, and creates pushes for
 * tags without a webhook: one that was lost, or was never configured. The key of the job is the
 * name of the connection.
 */
@Injectable()
export class ReconcileRegistry implements JobHandler<ClaimedJob> {
  readonly queue = 'reconcile';
  readonly concurrency = 2;
  readonly retryDelaysMs = [60_000, 600_000];
  readonly timeoutMs = 3_600_000;
  /** Manifests that are no images, each of which is read once. */
  readonly #attachments = new Set<Digest>();

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly pushes: Pushes,
    private readonly tags: RegistryTags,
    private readonly ledger: TagLedger,
    private readonly lookup: TagLookup,
    private readonly registries: Registries,
    private readonly metrics: ScannerMetrics,
    private readonly logger: Logger,
  ) {}

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const looks = await this.tags.looks(job.key);
    // Images that exist when a registry is connected are not announced; repositories that appear
    // later are.
    const isBaseline = !(await this.tags.wasLookedAt(job.key));
    for (const repository of await this.#repositories(job.key, looks, signal)) {
      await this.#look(job.key, repository, { isFirstLook: !looks.has(repository), isBaseline }, signal);
    }
    await this.store.transaction(async (tx) => {
      await this.tags.completed(tx, job.key);
      await this.jobs.finish(tx, job);
    });
    failpoint('reconcile.completed');
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.jobs.fail(job, { ...problem, retryInMs: null });
  }

  /**
   * Repositories in the order of their last run, oldest first, so that an interrupted run resumes
   * where it ended.
   */
  async #repositories(connection: string, looks: ReadonlyMap<string, Date>, signal: AbortSignal): Promise<string[]> {
    const { repositories: wanted } = this.registries.reconciliation(connection);
    const names = new Set(wanted.filter((name) => !name.includes('*')));
    const patterns = wanted.filter((name) => name.includes('*'));
    if (wanted.length === 0 || patterns.length > 0) {
      for await (const name of this.#catalog(connection, signal)) {
        if (wanted.length === 0 || patterns.some((pattern) => matchesWildcard(pattern, name))) names.add(name);
      }
    }
    const lookedAt = (name: string) => looks.get(name)?.getTime() ?? 0;
    return [...names].toSorted((a, b) => lookedAt(a) - lookedAt(b));
  }

  /**
   * Many registries have no catalog, or restrict it to administrators: then only configured
   * repositories are reconciled.
   */
  async *#catalog(connection: string, signal: AbortSignal): AsyncGenerator<string> {
    try {
      yield* this.registries.client(connection).repositories(signal);
    } catch (error) {
      if (!(error instanceof AccessDenied || error instanceof NotFound)) throw error;
      this.logger.info(
        { connection, code: error.code },
        'registry has no catalog, only configured repositories are reconciled',
      );
    }
  }

  async #look(
    connection: string,
    repository: string,
    how: { isFirstLook: boolean; isBaseline: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const askedAt = await this.ledger.now();
    const found = await this.#found(connection, repository, signal);
    if (found === null) return;
    const place = { connection, repository };
    const result = await this.store.transaction(async (tx) => {
      await this.ledger.lock(tx, place);
      const known = await this.tags.known(tx, place, found.tags, askedAt);
      const { newest } = this.registries.reconciliation(connection);
      const readable = known.filter(({ tag }) => !found.unreadable.has(tag));
      const reconciled = reconcile(found.tags, readable, { ...how, newest });
      await this.ledger.observed(tx, place, found.tags, { askedAt });
      await this.tags.looked(tx, place, found.tags);
      await this.#add(tx, place, reconciled);
      return reconciled;
    });
    failpoint('reconcile.repository-compared');
    this.#report(place, result);
  }

  /**
   * Returns the digests of all tags of a repository; null if they cannot be listed completely now.
   */
  async #found(connection: string, repository: string, signal: AbortSignal): Promise<FoundTags | null> {
    const { pauseMs } = this.registries.reconciliation(connection);
    const found: FoundTags = { tags: new Map(), unreadable: new Set() };
    try {
      for await (const tag of this.#tagsOf(connection, repository, signal)) {
        if (found.tags.size === maxTags) {
          throw new LimitExceeded('maxTags', `${repository} has more than ${maxTags} tags`);
        }
        // The request budget protects the registry, which has other clients.
        await sleep(pauseMs, undefined, { signal });
        const digest = await this.#digestOf(connection, repository, tag, signal);
        if (digest === undefined) found.unreadable.add(tag);
        else if (digest !== null && (await this.#isImage(connection, repository, tag, digest, signal)))
          found.tags.set(tag, digest);
      }
      return found;
    } catch (error) {
      if (error instanceof NotFound) return null;
      if (!(error instanceof AccessDenied || error instanceof LimitExceeded)) throw error;
      this.#reportUnreconciled(connection, repository, error);
      return null;
    }
  }

  /** Tags of a repository, of which so many may be those of signatures. */
  async *#tagsOf(connection: string, repository: string, signal: AbortSignal): AsyncGenerator<string> {
    let attachments = 0;
    for await (const tag of this.registries.client(connection).tags(repository, signal)) {
      if (attachmentTag.test(tag)) attachments += 1;
      if (!attachmentTag.test(tag) || attachments <= maxAttachments) yield tag;
    }
    if (attachments <= maxAttachments) return;
    const message = `${repository} has more than ${maxAttachments} tags of signatures, and the rest was not read`;
    this.#reportUnreconciled(connection, repository, new LimitExceeded('maxAttachments', message));
  }

  /** Pushes of the repository are known by webhooks alone now, or not at all. */
  #reportUnreconciled(connection: string, repository: string, error: AccessDenied | LimitExceeded): void {
    this.metrics.notReconciled.inc({ source: connection, code: error.code });
    this.logger.warn({ connection, repository, err: error }, 'repository not reconciled');
  }

  /** By its content where a tag is that of a signature: an image may be pushed under it. */
  async #isImage(
    connection: string,
    repository: string,
    tag: string,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!attachmentTag.test(tag)) return true;
    if (this.#attachments.has(digest)) return false;
    const client = this.registries.client(connection);
    const place = {
      manifest: (reference: string) => client.manifest(repository, reference, signal),
      blob: (blob: Pick<Descriptor, 'digest' | 'size'>) => client.blob(repository, blob, signal),
    };
    try {
      if (await leadsToImage(place, digest)) return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      // A push of what cannot be read is refused, with the reason.
      if (error instanceof InvalidInput || error instanceof LimitExceeded) return true;
      throw error;
    }
    if (this.#attachments.size === maxKnownAttachments) this.#attachments.clear();
    this.#attachments.add(digest);
    return false;
  }

  /** Null if it was deleted since it was listed; undefined if its manifest cannot be read. */
  async #digestOf(
    connection: string,
    repository: string,
    tag: string,
    signal: AbortSignal,
  ): Promise<Digest | null | undefined> {
    try {
      return await this.lookup.digestOf(connection, repository, tag, signal);
    } catch (error) {
      if (error instanceof InvalidInput || error instanceof LimitExceeded) return undefined;
      throw error;
    }
  }

  async #add(
    tx: Transaction,
    place: { connection: string; repository: string },
    { missed, imported, gone }: Reconciled,
  ): Promise<void> {
    await this.#push(tx, place, missed, 'reconciled');
    await this.#push(tx, place, imported, 'imported');
    const at = null;
    await tx.emit(
      ...gone.map((tag) =>
        draft(registryDeleted, `${place.repository}:${tag}`, { ...place, tag, digest: null, deletedBy: null, at }),
      ),
    );
  }

  async #push(
    tx: Transaction,
    place: { connection: string; repository: string },
    found: readonly RegistryTagState[],
    origin: 'reconciled' | 'imported',
  ): Promise<void> {
    const about = { artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null, origin } as const;
    const ids = await this.pushes.add(
      tx,
      found.map(({ tag, digest }) => ({ ...place, ...about, tag, claimedDigest: digest })),
    );
    // Enqueue before the event arrives: old tags wait behind fresh pushes.
    const jobClass = origin === 'reconciled' ? 'interactive' : 'bulk';
    await tx.enqueue(...ids.map((id) => pushJob({ ...place, id }, jobClass)));
    await tx.emit(
      ...found.map(({ tag, digest }, index) =>
        draft(registryPushed, `${place.repository}:${tag}`, {
          pushId: ids[index] ?? '',
          ...place,
          tag,
          digest,
          announced: about,
        }),
      ),
    );
  }

  #report(place: { connection: string; repository: string }, { missed, imported, gone, wrong }: Reconciled): void {
    if (missed.length > 0) this.metrics.missedEvents.inc({ source: place.connection }, missed.length);
    if (missed.length + imported.length + gone.length + wrong.size === 0) return;
    const counts = { missed: missed.length, imported: imported.length, gone: gone.length, wrong: wrong.size };
    this.logger.info({ ...place, ...counts }, 'registry reconciliation done');
  }
}
