import { setTimeout as sleep } from 'node:timers/promises';

import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { failpoint, Logger } from '@tidewaiter/runtime';
import { redactedReason } from '@tidewaiter/secrets';
import { isAtOrBehind } from '@tidewaiter/spool';
import { DeadLetters } from '@tidewaiter/store';

import type { IntakeResult } from '../http/receipt.js';
import { PipelineIntake, type Upload } from '../pipelines/pipeline-intake.js';
import { type NoticeBatch, RegistryIntake } from '../registry/registry-intake.js';
import { hookEntry, readHookEntry, type SpooledHook } from './hook-entries.js';
import { SpoolSetup } from './spool-setup.js';

/** Errors of PostgreSQL after which a webhook goes to the spool. */
const outages: ReadonlySet<string> = new Set(['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'INTAKE_TIMEOUT', 'INTAKE_FULL']);
const readBytes = 2 ** 20;
const retryMs = 1_000;

/**
 * Stores webhooks in PostgreSQL, or on disk while it is away. From there they follow in their
 * order, and webhooks that arrive meanwhile wait behind them.
 */
@Injectable()
export class HookSpool implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #stopped = new AbortController();
  #draining: Promise<void> | undefined;
  /** Appends in progress, behind which later webhooks have to wait, too. */
  #appending = 0;

  constructor(
    private readonly setup: SpoolSetup,
    private readonly registries: RegistryIntake,
    private readonly pipelines: PipelineIntake,
    private readonly deadLetters: DeadLetters,
    private readonly logger: Logger,
  ) {}

  /**
   * Resolves when everything is committed, or on disk.
   * @throws Unavailable when it can be neither now
   */
  async keepDelivery(delivery: NoticeBatch): Promise<IntakeResult> {
    return this.#keep({ kind: 'registry', delivery }, delivery.facts.length, async () =>
      this.registries.keep(delivery),
    );
  }

  /** As {@link keepDelivery}, for the reports of a pipeline. */
  async keepUpload(upload: Upload): Promise<IntakeResult> {
    return this.#keep({ kind: 'pipeline', upload }, upload.reports.length, async () => this.pipelines.keep(upload));
  }

  onApplicationBootstrap(): void {
    this.#draining = this.#drain();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    await this.#draining;
  }

  get #isWaiting(): boolean {
    const { spool } = this.setup;
    return spool !== null && (this.#appending > 0 || !isAtOrBehind(spool.hooksStored, spool.hooks.end));
  }

  async #keep(hook: SpooledHook, facts: number, commit: () => Promise<IntakeResult>): Promise<IntakeResult> {
    if (!this.#isWaiting) {
      try {
        return await commit();
      } catch (error) {
        const isOutage = error instanceof TidewaiterError && outages.has(error.code);
        if (!isOutage || this.setup.spool === null) throw error;
      }
    }
    await this.#append(hook);
    return { accepted: facts, duplicates: 0 };
  }

  async #append(hook: SpooledHook): Promise<void> {
    this.#appending += 1;
    try {
      await this.setup.spool!.hooks.append(hookEntry(hook));
      failpoint('spool.hook-appended');
    } finally {
      this.#appending -= 1;
    }
  }

  async #drain(): Promise<void> {
    const { spool } = this.setup;
    if (spool === null) return;
    const { signal } = this.#stopped;
    const release = await spool.hooks.claim();
    let isFailing = false;
    while (!signal.aborted) {
      const { writes } = spool.hooks;
      const entries = await spool.hooks.read(spool.hooksStored, readBytes);
      const next = entries.at(-1)?.next;
      if (next === undefined) {
        await spool.hooks.nextWrite(writes, signal);
        continue;
      }
      try {
        await this.#storeEach(entries.map(({ content }) => readHookEntry(content)));
        failpoint('spool.hooks-stored');
        spool.hooksStored = next;
        await this.#forgetStored();
        this.logger.info({ hooks: entries.length }, 'spooled webhooks stored');
        isFailing = false;
      } catch (err) {
        if (!isFailing) this.logger.warn({ err }, 'spooled webhooks wait');
        isFailing = true;
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
    release();
  }

  async #forgetStored(): Promise<void> {
    const { hooks, hooksStored } = this.setup.spool!;
    await hooks.note(hooksStored);
    if (!isAtOrBehind(hooksStored, hooks.end)) return hooks.dropBefore(hooksStored);
    await hooks.closeSegment();
    await hooks.dropBefore(hooksStored);
  }

  /**
   * Stores webhooks in their order. One that can never be stored becomes a dead letter, found by
   * bisection.
   */
  async #storeEach(hooks: readonly SpooledHook[]): Promise<void> {
    try {
      await this.#store(hooks);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      if (hooks.length === 1) return this.#deadLetter(hooks[0]!, error);
      const half = hooks.length >> 1;
      await this.#storeEach(hooks.slice(0, half));
      await this.#storeEach(hooks.slice(half));
    }
  }

  async #store(hooks: readonly SpooledHook[]): Promise<void> {
    let deliveries: NoticeBatch[] = [];
    for (const hook of hooks) {
      if (hook.kind === 'registry') {
        deliveries.push(hook.delivery);
        continue;
      }
      if (deliveries.length > 0) await this.registries.save(deliveries);
      deliveries = [];
      await this.pipelines.save(hook.upload);
    }
    if (deliveries.length > 0) await this.registries.save(deliveries);
  }

  async #deadLetter(hook: SpooledHook, error: unknown): Promise<void> {
    const connection = hook.kind === 'registry' ? hook.delivery.connection : hook.upload.reports[0]?.connection;
    await this.deadLetters.save({
      consumer: 'ingest',
      eventId: null,
      subject: connection ?? '',
      payload: hookEntry(hook),
      code: error instanceof TidewaiterError ? error.code : 'INTERNAL',
      reason: redactedReason(error),
      attempts: 1,
    });
    this.logger.error({ connection, err: error }, 'spooled webhook dead-lettered');
  }
}
