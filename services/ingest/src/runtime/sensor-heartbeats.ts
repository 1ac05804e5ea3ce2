import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { draft, sensorRecovered, sensorSilenced } from '@tidewaiter/events';
import { Every, Logger } from '@tidewaiter/runtime';
import { type Contact, SensorContacts, type StaleSensor, Store } from '@tidewaiter/store';

import { Connections } from '../http/connections.js';

const checkEveryMs = 5_000;

/**
 * Records the last contact of each sensor, and emits an event when one becomes silent and when it
 * is back: once each, over all replicas.
 */
@Injectable()
export class SensorHeartbeats implements OnApplicationShutdown {
  #heard = new Map<string, Contact>();
  #areExpected = false;
  /** While this process was down no sensor could be heard: that is no silence. */
  readonly #listeningSince = new Date();

  constructor(
    private readonly store: Store,
    private readonly contacts: SensorContacts,
    private readonly connections: Connections,
    private readonly logger: Logger,
  ) {}

  /** Records a contact, also one without events. */
  heard(sensor: string, { records, dropped }: { records: number; dropped: number }): void {
    const before = this.#heard.get(sensor);
    this.#heard.set(sensor, {
      sensor,
      heardAt: new Date(),
      records: records + (before?.records ?? 0),
      dropped: dropped + (before?.dropped ?? 0),
    });
  }

  @Every(checkEveryMs)
  async checkSensors(): Promise<void> {
    const sensors = [...this.connections.sensors()];
    if (!this.#areExpected) await this.contacts.expect(sensors);
    this.#areExpected = true;
    if (sensors.length > 0) await this.#check();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#check().catch((err: unknown) => this.logger.warn({ err }, 'sensor contacts lost'));
  }

  async #check(): Promise<void> {
    const heard = [...this.#heard.values()];
    this.#heard = new Map();
    const limits = [...this.connections.sensors()].flatMap(({ name, silentAfterMs }) =>
      silentAfterMs === null ? [] : [{ sensor: name, silentAfterMs }],
    );
    try {
      await this.store.transaction(async (tx) => {
        const recovered = await this.contacts.note(tx, heard);
        const silent = await this.contacts.findSilent(tx, limits, this.#listeningSince);
        await tx.emit(
          ...recovered.map((each) => draft(sensorRecovered, each.sensor, this.#dataOf(each))),
          ...silent.map((each) => draft(sensorSilenced, each.sensor, this.#dataOf(each))),
        );
      });
    } catch (error) {
      // The contacts are kept for the next check.
      for (const { sensor, records, dropped } of heard) this.heard(sensor, { records, dropped });
      throw error;
    }
  }

  #dataOf({ sensor, heardAt, silentSince }: StaleSensor) {
    const connection = this.connections.sensors().find(({ name }) => name === sensor);
    return {
      sensor,
      kind: connection?.kind ?? 'generic',
      cluster: connection?.cluster ?? null,
      heardAt: heardAt.toISOString(),
      silentSince: silentSince.toISOString(),
    };
  }
}
