import { setTimeout as sleep } from 'node:timers/promises';

import type { JsonObject } from '@tidewaiter/domain';
import { type Logger, reasonOf } from '@tidewaiter/runtime';

import { deletionEvent, identityOf, KnownObjects } from './known-objects.js';
import { type KubernetesApi, KubernetesRefusal } from './kubernetes-api.js';
import type { WatchedResource } from './resources.js';
import { statusOf, type WatchEvent, watchEvents } from './watch-lines.js';
import { afterStep, nextStep, type WatchOutcome, type WatchState } from './watch-state.js';

/** Stores events; resolves when they are on disk. */
export type KeepEvents = (lines: string, events: number) => Promise<void>;

/** Events that may wait for the disk before the watch is read further. */
const maxUnstoredBytes = 4 * 2 ** 20;
/** Failures from which on readiness names a resource: the API server may restart. */
const problemFrom = 3;
const absentPauseMs = 600_000;

/** Lists and watches one resource for as long as it runs. */
export class ResourceWatcher {
  readonly #known: KnownObjects;
  #state: WatchState = { resourceVersion: null, failures: 0, resyncDueMs: 0 };
  #watching = new AbortController();
  /** Whether the API server has answered the last request. */
  #isAnswered = false;
  #lastFailure: string | null = null;
  #isAbsent = false;

  constructor(
    readonly resource: WatchedResource,
    private readonly api: KubernetesApi,
    private readonly keep: KeepEvents,
    private readonly logger: Pick<Logger, 'info' | 'warn' | 'debug'>,
  ) {
    this.#known = new KnownObjects(resource);
  }

  /** Number of objects that the API server has. */
  get objects(): number {
    return this.#known.size;
  }

  /** Uids of the objects by their places: `shop/web`. */
  uids(): ReadonlyMap<string, string> {
    return this.#known.uids();
  }

  /** Reason why the resource is not followed; null while it is. */
  get problem(): string | null {
    const { failures, resourceVersion } = this.#state;
    const isBrief = failures < problemFrom && resourceVersion !== null;
    return this.#isAnswered || this.#isAbsent || isBrief ? null : (this.#lastFailure ?? 'not listed yet');
  }

  /** Goes on behind what a snapshot has. */
  restore(snapshot: unknown): void {
    const restored = this.#known.restore(snapshot);
    if (restored !== null) this.#state = { ...this.#state, ...restored };
  }

  /** State from which a later process goes on; null before the first list. */
  snapshot(): unknown {
    const { resourceVersion, resyncDueMs } = this.#state;
    return resourceVersion === null ? null : this.#known.toSnapshot({ resourceVersion, resyncDueMs });
  }

  /** Lists everything again, soon. */
  resync(): void {
    this.#state.resyncDueMs = 1;
    this.#watching.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const outcome = await this.#step(signal);
      if (signal.aborted) return;
      const after = afterStep(this.#state, outcome, { nowMs: Date.now(), random: Math.random() });
      // A resync may have been asked for meanwhile.
      if (this.#state.resyncDueMs === 1 && outcome.kind !== 'listed') after.state.resyncDueMs = 1;
      this.#state = after.state;
      const pauseMs = this.#isAbsent ? absentPauseMs : after.pauseMs;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #step(signal: AbortSignal): Promise<WatchOutcome> {
    const step = nextStep(this.#state, Date.now());
    this.#watching = new AbortController();
    try {
      if (step.kind === 'list') return await this.#list(step.isResync, signal);
      return await this.#watch(step.resourceVersion, AbortSignal.any([signal, this.#watching.signal]));
    } catch (error) {
      return this.#outcomeOf(error);
    }
  }

  /** Stores what has changed since the last list or event; everything at a resync. */
  async #list(isResync: boolean, signal: AbortSignal): Promise<WatchOutcome> {
    const { name, path } = this.resource;
    const began = performance.now();
    const listed = new Set<string>();
    const creations = new Map<string, string>();
    let stored = 0;
    let version: string | null = null;
    for (let next: string | null = null; ;) {
      const page = await this.api.list(path, next, signal);
      this.#answered();
      version ??= page.resourceVersion;
      const changed: JsonObject[] = [];
      for (const item of page.items) {
        const { uid, place, createdAt } = identityOf(item);
        if (uid === null) continue;
        listed.add(uid);
        creations.set(place, createdAt);
        if (isResync || !this.#known.has(item)) changed.push(item);
      }
      if (changed.length > 0) await this.keep(changed.map((item) => this.#lineOf(item)).join(''), changed.length);
      for (const item of changed) this.#known.note('MODIFIED', item);
      stored += changed.length;
      next = page.next;
      if (next === null) break;
    }
    const gone = this.#known.missing(listed);
    const now = new Date().toISOString();
    const deletions = gone.map((each) => deletionEvent(each, creations.get(each.place) || undefined, now));
    if (gone.length > 0) await this.keep(deletions.join(''), gone.length);
    for (const { uid } of gone) this.#known.forget(uid);
    const counts = { objects: listed.size, changed: stored, gone: gone.length };
    this.logger.info({ resource: name, ...counts, duration_ms: Math.round(performance.now() - began) }, 'list done');
    return { kind: 'listed', resourceVersion: version, isResync };
  }

  /** An item of a list has neither kind nor version of its own. */
  #lineOf(item: JsonObject): string {
    const { apiVersion, kind } = this.resource;
    return `${JSON.stringify({ type: 'ADDED', object: { apiVersion, kind, ...item } })}\n`;
  }

  async #watch(from: string, signal: AbortSignal): Promise<WatchOutcome> {
    let stored = from;
    let hasProgress = false;
    let unstored = 0;
    let last: Promise<void> = Promise.resolve();
    try {
      const bytes = await this.api.watch(this.resource.path, from, signal);
      this.#answered();
      for await (const events of watchEvents(bytes)) {
        const error = events.find(({ type }) => type === 'ERROR');
        const changes = events.slice(0, error ? events.indexOf(error) : undefined);
        const lines = changes.filter(({ type }) => type !== 'BOOKMARK');
        const text = lines.map(({ line }) => `${line}\n`).join('');
        unstored += text.length;
        const isStored = lines.length === 0 ? Promise.resolve() : this.keep(text, lines.length);
        // Bookmarks count, too, once everything before them is on disk.
        const noteOnceStored = async (before: Promise<void>) => {
          await Promise.all([before, isStored]);
          unstored -= text.length;
          for (const { type, object } of lines) this.#known.note(type, object);
          stored = versionOf(changes) ?? stored;
          // A snapshot has the objects and the version of one moment, also while a watch goes on.
          this.#state.resourceVersion = stored;
          hasProgress ||= changes.length > 0;
        };
        last = noteOnceStored(last);
        last.catch(() => undefined);
        if (unstored > maxUnstoredBytes) await last;
        if (error) {
          await last;
          return this.#outcomeOf(new KubernetesRefusal(statusOf(error), 0), stored, hasProgress);
        }
      }
      await last;
      return { kind: 'ended', resourceVersion: stored };
    } catch (failure) {
      await last.catch(() => undefined);
      if (this.#watching.signal.aborted) return { kind: 'ended', resourceVersion: stored };
      return this.#outcomeOf(failure, stored, hasProgress);
    }
  }

  #answered(): void {
    this.#isAnswered = true;
    this.#isAbsent = false;
  }

  #outcomeOf(error: unknown, resourceVersion = this.#state.resourceVersion, hasProgress = false): WatchOutcome {
    const status = error instanceof KubernetesRefusal ? error.status : null;
    this.#isAnswered = false;
    this.#isAbsent = status === 404;
    const reason = status === null ? reasonOf(error) : String(status);
    const { name: resource } = this.resource;
    if (this.#isAbsent) this.logger.info({ resource }, 'the API server has no such resource');
    else if (reason !== this.#lastFailure || status === 410) this.logger.warn({ resource, reason }, 'watch failed');
    this.#lastFailure = reason;
    if (status === 410) return { kind: 'expired' };
    const retryAfterMs = error instanceof KubernetesRefusal ? error.retryAfterMs : 0;
    return { kind: 'failed', resourceVersion, hasProgress, retryAfterMs };
  }
}

/** Version of the last event. */
function versionOf(events: readonly WatchEvent[]): string | null {
  const version = events.at(-1) && identityOf(events.at(-1)!.object).resourceVersion;
  return version ? version : null;
}
