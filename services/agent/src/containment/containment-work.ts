import { readFile } from 'node:fs/promises';

import { Injectable } from '@nestjs/common';
import { ordersAnswer, type OrderReport } from '@tidewaiter/agent-protocol';
import { type LocalPolicy, readLocalPolicy } from '@tidewaiter/containment';
import { InvalidInput } from '@tidewaiter/domain';
import { Every, Health, Logger, reasonOf } from '@tidewaiter/runtime';

import { AgentConfig } from '../config.js';
import { AgentState } from '../hub/agent-state.js';
import { Hub } from '../hub/hub.js';
import { Membership } from '../hub/membership.js';
import { ContainmentJournal, type JournalEntry } from './containment-journal.js';
import { OrderExecution } from './order-execution.js';

const everyMs = 2_000;

/** Pulls containment orders, and reports what became of them. */
@Injectable()
export class ContainmentWork {
  #problem: string | undefined;

  constructor(
    private readonly config: AgentConfig,
    private readonly hub: Hub,
    private readonly state: AgentState,
    private readonly membership: Membership,
    private readonly journal: ContainmentJournal,
    private readonly execution: OrderExecution,
    private readonly logger: Logger,
    health: Health,
  ) {
    health.add('containment', async () => this.#problem);
  }

  @Every(everyMs)
  async work(signal: AbortSignal): Promise<void> {
    const { containmentPolicyFile: path } = this.config;
    const cluster = this.state.credential?.cluster;
    if (path === undefined || cluster === undefined || !this.membership.hasCredential) return;
    const policy = await this.#policy(path);
    if (!policy) return;
    for (const entry of this.journal.acting)
      await this.#guarded(entry.id, async () => this.execution.resume(entry, signal));
    await this.#guarded(null, async () => {
      await this.#report(signal);
      const { orders } = ordersAnswer.parse(await this.hub.request('/agent/v1/orders', { method: 'GET', signal }));
      for (const envelope of orders)
        await this.#guarded(null, async () => this.execution.take(envelope, policy, cluster, signal));
      await this.#report(signal);
      await this.journal.prune(Date.now());
    });
  }

  /** The policy of now: its file is replaced while the agent runs. Null for one that is wrong. */
  async #policy(path: string): Promise<LocalPolicy | null> {
    try {
      const policy = readLocalPolicy(await readFile(path, 'utf8'));
      this.#problem = undefined;
      return policy;
    } catch (error) {
      const problem = `no order is carried out: ${reasonOf(error)}`;
      if (this.#problem !== problem) this.logger.error({ problem }, 'containment policy refused');
      this.#problem = problem;
      return null;
    }
  }

  /** An order that cannot be worked on now does not hold up others. */
  async #guarded(order: string | null, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (err) {
      this.logger.warn({ order, err }, 'containment order failed, retrying');
    }
  }

  async #report(signal: AbortSignal): Promise<void> {
    for (const entry of [...this.journal.acting, ...this.journal.unreported]) {
      try {
        await this.hub.request(`/agent/v1/orders/${entry.id}`, { body: reportOf(entry), signal });
      } catch (error) {
        // A report that the hub cannot take is not sent for ever.
        if (!(error instanceof InvalidInput)) throw error;
        this.logger.error({ order: entry.id, err: error }, 'containment report refused');
      }
      if (entry.state === 'acting') continue;
      await this.journal.put({ ...this.journal.get(entry.id)!, isReported: true });
      this.logger.info({ order: entry.id, state: entry.state, code: entry.code }, 'containment order ended');
    }
  }
}

function reportOf({ state, at, code, detail, planned, evidence }: JournalEntry): OrderReport {
  return {
    ...{ state: state === 'acting' ? 'accepted' : state, at, code, detail },
    report: planned && {
      calls: planned.calls.map(({ method, path }) => `${method} ${path}`),
      notes: planned.notes.map((note) => note.detail),
      before: planned.before,
      uid: planned.uid,
    },
    evidence: evidence && { ...evidence },
  };
}
