import { Injectable } from '@nestjs/common';
import type { AgentStatus } from '@tidewaiter/agent-protocol';
import { TidewaiterError, version } from '@tidewaiter/domain';
import { Every, Health } from '@tidewaiter/runtime';

import { AgentState } from '../hub/agent-state.js';
import { Hub } from '../hub/hub.js';
import { Membership } from '../hub/membership.js';
import { Outbox } from '../outbox/outbox.js';

const reportEveryMs = 15_000;
const maxProblemCharacters = 200;
/** Time for which a loss counts as a problem of now. */
const lossShownMs = 60_000;

/** Reports the state of the agent to the hub. */
@Injectable()
export class StatusReports {
  constructor(
    private readonly state: AgentState,
    private readonly outbox: Outbox,
    private readonly hub: Hub,
    private readonly membership: Membership,
    private readonly health: Health,
  ) {
    const isLosing = () => outbox.droppedAtMs > Date.now() - lossShownMs;
    health.add('outbox', async () => (isLosing() ? 'events are lost: see the log' : undefined));
  }

  @Every(reportEveryMs)
  async report(signal: AbortSignal): Promise<void> {
    if (!this.membership.hasCredential) return;
    try {
      await this.hub.request('/agent/v1/status', { body: await this.#status(), signal });
      this.membership.answered();
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      if (!signal.aborted) this.membership.answered(error);
    }
  }

  async #status(): Promise<AgentStatus> {
    const { outbox } = this;
    // The hub itself is no news to the hub.
    const { hub: _, ...problems } = await this.health.problems();
    return {
      version,
      instance: this.state.instance,
      lastEventAt: outbox.lastEventAt?.toISOString() ?? null,
      lagMs: outbox.lagMs(Date.now()),
      waitingBytes: outbox.waitingBytes,
      dropped: outbox.dropped,
      problems: Object.fromEntries(
        Object.entries(problems).map(([part, problem]) => [part, problem.slice(0, maxProblemCharacters)]),
      ),
    };
  }
}
