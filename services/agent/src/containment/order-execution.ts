import { Injectable } from '@nestjs/common';
import {
  actions,
  type ContainmentOrder,
  exceeds,
  forbids,
  isRefusal,
  type LocalPolicy,
  type OrderRefusal,
  planOrder,
  refusal,
  verifyOrder,
} from '@tidewaiter/containment';

import { AgentConfig } from '../config.js';
import { KubernetesRefusal } from '../kubernetes/kubernetes-api.js';
import { ContainmentCluster } from './containment-cluster.js';
import { ContainmentJournal, type JournalEntry } from './containment-journal.js';

const hourMs = 3_600_000;

/**
 * Carries out orders that the local policy allows. An entry of the journal is written before the
 * first call, so that a crash leaves a record from which the truth can be found.
 */
@Injectable()
export class OrderExecution {
  constructor(
    private readonly config: AgentConfig,
    private readonly journal: ContainmentJournal,
    private readonly cluster: ContainmentCluster,
  ) {}

  /** Takes a signed order; an id that the journal has is not worked on again. */
  async take(envelope: unknown, policy: LocalPolicy, cluster: string, signal: AbortSignal): Promise<void> {
    const order = verifyOrder(envelope, { keys: policy.hubKeys, cluster, now: Date.now() });
    const id = isRefusal(order) ? claimedId(envelope) : order.id;
    const known = id === null ? undefined : this.journal.get(id);
    // Listed again: the hub has not got the report.
    if (known?.isReported) await this.journal.put({ ...known, isReported: false });
    if (id === null || known !== undefined) return;
    if (isRefusal(order)) return this.journal.put({ ...entryOf(id, null), ...refused(order) });
    const start = order.undoes === null ? await this.#plan(order, policy, signal) : this.#planUndo(order, policy);
    await this.journal.put(start);
    if (start.state === 'acting') await this.#advance(start, { isRetry: false }, signal);
  }

  /** Continues an entry whose calls may have taken effect: after a crash, or an outage. */
  async resume(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    return this.#advance(entry, { isRetry: true }, signal);
  }

  /** @throws an error after which the entry is still in progress */
  async #advance(entry: JournalEntry, { isRetry }: { isRetry: boolean }, signal: AbortSignal): Promise<void> {
    try {
      const { isOver, calls } = await this.#nextCalls(entry, isRetry, signal);
      for (const call of calls) await this.cluster.call(call, signal);
      if (isOver) await this.#end(entry, refused(refusal('ORDER_EXPIRED', 'it could not be finished in time')));
      else await this.#end(entry, { state: 'done' });
    } catch (error) {
      if (!(error instanceof Ended)) {
        if (!(error instanceof KubernetesRefusal) || isTransient(error.status)) throw error;
        await this.#takeBack(entry, signal);
        return this.#end(entry, { state: 'failed', code: 'KUBERNETES_REFUSED', detail: error.message });
      }
      await this.#end(entry, error.result);
    }
  }

  async #plan(order: ContainmentOrder, policy: LocalPolicy, signal: AbortSignal): Promise<JournalEntry> {
    const entry = entryOf(order.id, order);
    const recent = this.journal.startedSince(Date.now() - hourMs);
    const forbidden = forbids(policy, order, { ownNamespace: this.config.ownNamespace, recent });
    if (forbidden) return { ...entry, ...refused(forbidden) };
    const observed = await this.cluster.observe(order, signal);
    const planned = planOrder(order, observed);
    if (isRefusal(planned)) return { ...entry, ...refused(planned) };
    const exceeded = exceeds(policy, order, observed);
    if (exceeded) return { ...entry, ...refused(exceeded) };
    if (order.dryRun) return { ...entry, planned, state: 'done' };
    if (policy.dryRun) return { ...entry, planned, ...refused(onlyTries) };
    const evidence = await this.cluster.evidence(order, observed.subject!, signal);
    return { ...entry, planned, evidence, state: 'acting' };
  }

  /** An undo takes only what this agent recorded, whatever the order says about the object. */
  #planUndo(order: ContainmentOrder, policy: LocalPolicy): JournalEntry {
    const entry = entryOf(order.id, order);
    const original = this.journal.get(order.undoes!);
    if (!original?.planned || original.state !== 'done' || original.order?.dryRun)
      return { ...entry, ...refused(refusal('UNDO_UNKNOWN', 'no order of that id was carried out')) };
    if (original.isUndone) return { ...entry, ...refused(refusal('ALREADY_DONE', 'the order was undone before')) };
    if (actions[original.planned.order.action].undo === null)
      return { ...entry, ...refused(refusal('NOT_UNDOABLE', `${original.planned.order.action} cannot be undone`)) };
    if (order.dryRun) return { ...entry, state: 'done' };
    return policy.dryRun ? { ...entry, ...refused(onlyTries) } : { ...entry, state: 'acting' };
  }

  /** Calls that are left; after the end of the order's time, those that take back a part of it. */
  async #nextCalls({ order, planned }: JournalEntry, isRetry: boolean, signal: AbortSignal) {
    const isOver = Date.now() >= Date.parse(order!.expiresAt);
    const undone = planned === null ? this.journal.get(order!.undoes!)!.planned! : null;
    const subjectOf = undone ?? planned!;
    const { progress, undo } = actions[subjectOf.order.action];
    const observed = await this.cluster.observe(subjectOf.order, signal);
    const reached = progress(subjectOf, observed);
    if (undone !== null) {
      if (reached === 'none' && isRetry) throw new Ended({ state: 'done' });
      if (isOver) throw new Ended(refused(refusal('ORDER_EXPIRED', 'it could not be finished in time')));
      return { isOver, calls: unlessRefused(undo!(undone, observed)) };
    }
    if (reached === 'done') throw new Ended({ state: 'done' });
    if (isOver && reached === 'none')
      throw new Ended(refused(refusal('ORDER_EXPIRED', 'its time was over before the first call')));
    // An action without an undo is finished: a deleted account must be there again.
    if (isOver && undo !== null) return { isOver, calls: unlessRefused(undo(subjectOf, observed)) };
    return { isOver: false, calls: subjectOf.calls };
  }

  /** Leaves no half of an action behind. */
  async #takeBack({ planned }: JournalEntry, signal: AbortSignal): Promise<void> {
    if (planned === null) return;
    const { progress, undo } = actions[planned.order.action];
    const observed = await this.cluster.observe(planned.order, signal);
    if (progress(planned, observed) !== 'partly' || undo === null) return;
    const calls = undo(planned, observed);
    if (!isRefusal(calls)) for (const call of calls) await this.cluster.call(call, signal);
  }

  async #end(entry: JournalEntry, result: Partial<JournalEntry>): Promise<void> {
    const { order } = entry;
    const undone = order?.undoes == null || result.state !== 'done' ? undefined : this.journal.get(order.undoes);
    if (undone) await this.journal.put({ ...undone, isUndone: true });
    await this.journal.put({ ...entry, ...result, at: new Date().toISOString() });
  }
}

/** The end of an order without a further call. */
class Ended extends Error {
  constructor(readonly result: Partial<JournalEntry>) {
    super('ended');
  }
}

const onlyTries = refusal('DRY_RUN_ONLY', 'the policy of the agent only tries orders');

function entryOf(id: string, order: ContainmentOrder | null): JournalEntry {
  return {
    ...{ id, order, state: 'refused', at: new Date().toISOString(), code: null, detail: null },
    ...{ planned: null, evidence: null, isReported: false, isUndone: false },
  };
}

function refused({ refused: code, detail }: OrderRefusal): Pick<JournalEntry, 'state' | 'code' | 'detail'> {
  return { state: 'refused', code, detail };
}

function unlessRefused<Calls extends object>(calls: Calls | OrderRefusal): Calls {
  if (isRefusal(calls)) throw new Ended(refused(calls));
  return calls;
}

function isTransient(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

/** Id of an order that is not trusted, only to report that it was refused. */
function claimedId(envelope: unknown): string | null {
  try {
    const { payload } = envelope as { payload: string };
    const { id } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as { id: unknown };
    return typeof id === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : null;
  } catch {
    return null;
  }
}
