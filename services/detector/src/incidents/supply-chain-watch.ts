import { Injectable } from '@nestjs/common';
import { settlePushes } from '@tidewaiter/detection';
import { Every, Logger, failpoint } from '@tidewaiter/runtime';
import { DetectionAlerts, Store, SuspectPushes } from '@tidewaiter/store';

const lookMs = 1_000;

/**
 * Raises alerts for pushes with moved tags or another identity. Several replicas may do so at once.
 */
@Injectable()
export class SupplyChainWatch {
  constructor(
    private readonly store: Store,
    private readonly pushes: SuspectPushes,
    private readonly alerts: DetectionAlerts,
    private readonly logger: Logger,
  ) {}

  @Every(lookMs)
  async alertSuspectPushes(): Promise<void> {
    await this.store.transaction(async (tx) => {
      const waiting = await this.pushes.waiting(tx);
      if (waiting.length === 0) return;
      const { pushIds, inIncident, alerts } = settlePushes(waiting, await this.pushes.known(tx), Date.now());
      if (alerts.length > 0) await this.alerts.add(tx, alerts);
      await this.pushes.settle(tx, pushIds, inIncident);
      if (alerts.length > 0) this.logger.info({ alerts: alerts.length, pushes: pushIds }, 'supply-chain alerts raised');
    });
    failpoint('supply-chain.settled');
  }
}
