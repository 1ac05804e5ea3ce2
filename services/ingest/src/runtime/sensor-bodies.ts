import { Injectable } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { currentTraceparent, InFlightBytes, Logger } from '@tidewaiter/runtime';
import type { SensorRecords } from '@tidewaiter/sensors';
import type { HookRequest } from '@tidewaiter/webhooks';

import { HookMetrics, resultOf } from '../http/hook-metrics.js';
import { logLevel, type Receipt, totalOf } from '../http/receipt.js';
import { RuntimeIntake } from './runtime-intake.js';
import type { SensorConnection } from './sensor-connection.js';
import { SensorHeartbeats } from './sensor-heartbeats.js';
import { SlicedWork } from './sliced-work.js';
import { Unpacker } from './unpack.js';

/** Unpacks, parses and stores the bodies of sensors. */
@Injectable()
export class SensorBodies {
  constructor(
    private readonly intake: RuntimeIntake,
    private readonly heartbeats: SensorHeartbeats,
    private readonly inFlight: InFlightBytes,
    private readonly unpacker: Unpacker,
    private readonly work: SlicedWork,
    private readonly metrics: HookMetrics,
    private readonly logger: Logger,
  ) {}

  /** Stores the events of an authenticated request. */
  async take(connection: SensorConnection, hook: HookRequest): Promise<Receipt> {
    if (hook.body.length === 0) throw new InvalidInput('BODY_EMPTY', 'The body is empty.');
    let release = (): void => undefined;
    try {
      const content = await this.unpacker.unpack(hook.body, hook.headers['content-encoding'], (body) => {
        // The packed bytes are accounted for since the headers were read.
        if (body !== hook.body) release = this.inFlight.take(body.length);
        return this.work.run(connection.read(body, new Date().toISOString()));
      });
      return await this.#keep(connection, content);
    } finally {
      release();
    }
  }

  async #keep(connection: SensorConnection, { records, ignored, dropped }: SensorRecords): Promise<Receipt> {
    const kept = await this.intake.keep(records, currentTraceparent());
    const receipt = { ...kept, ignored: totalOf(ignored) };
    // A redelivery would count its losses again.
    const newlyDropped = kept.accepted > 0 || kept.duplicates === 0 ? dropped : 0;
    this.heartbeats.heard(connection.name, { records: kept.accepted, dropped: newlyDropped });
    this.metrics.countRecords(connection, receipt, newlyDropped);
    this.metrics.count(connection, resultOf(receipt));
    // Sensors send all the time; only one whose events are all unreadable is worth a warning.
    const level = logLevel(records.length, ignored) === 'warn' ? 'warn' : 'debug';
    this.logger[level]({ connection: connection.id, ...receipt, dropped: newlyDropped, reasons: ignored }, 'webhook');
    return receipt;
  }
}
