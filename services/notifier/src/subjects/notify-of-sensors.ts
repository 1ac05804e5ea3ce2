import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import type { Alert, Labels } from '@tidewaiter/domain';
import { consumers, type EventOf, sensorRecovered, sensorSilenced } from '@tidewaiter/events';
import { sensorMessage, type SensorReport, silenceSeverity } from '@tidewaiter/messages';
import { Store } from '@tidewaiter/store';

import { ConcurrencyLimit } from '../delivery/concurrency-limit.js';
import { Dispatcher } from '../dispatch/dispatcher.js';

/** Notifies of a stale sensor, and receivers with `send_resolved` of its return. */
@Controller()
export class NotifyOfSensors {
  readonly #limit = new ConcurrencyLimit(2);

  constructor(
    private readonly store: Store,
    private readonly notifications: Dispatcher,
  ) {}

  @Subscribe(consumers.notifier, sensorSilenced)
  async missed(event: EventOf<typeof sensorSilenced>): Promise<void> {
    await this.#limit.run(() => this.#notify(event, 'firing'));
  }

  @Subscribe(consumers.notifier, sensorRecovered)
  async recovered(event: EventOf<typeof sensorRecovered>): Promise<void> {
    await this.#limit.run(() => this.#notify(event, 'resolved'));
  }

  async #notify({ id, time, data }: EventOf<typeof sensorSilenced>, status: SensorReport['status']): Promise<void> {
    const report = { ...data, status };
    const cause = ['sensor', status, data.sensor, data.silentSince] as const;
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      await this.notifications.add(tx, { eventId: id, cause }, [{ alert: alertOf(report, time), about: report }], {
        isNews: () => status === 'firing',
        message: () => sensorMessage(report),
      });
    });
  }
}

function alertOf({ sensor, cluster, status, silentSince }: SensorReport, time: string): Alert {
  const labels: Labels = { kind: 'sensor', severity: silenceSeverity, rule: 'sensor-silent', sensor, new: 'true' };
  if (cluster !== null) labels['cluster'] = cluster;
  return {
    identity: JSON.stringify(['sensor', sensor]),
    labels,
    annotations: { summary: `Sensor ${sensor} is silent` },
    status,
    startsAt: silentSince,
    endsAt: status === 'resolved' ? time : null,
  };
}
