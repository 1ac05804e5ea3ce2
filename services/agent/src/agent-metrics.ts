import { Injectable } from '@nestjs/common';
import type { AgentSource } from '@tidewaiter/agent-protocol';
import { counterIn, gaugeIn, metricCatalog } from '@tidewaiter/runtime';
import { type Counter, Registry } from 'prom-client';

import { Outbox } from './outbox/outbox.js';

/** Metrics of the agent. */
@Injectable()
export class AgentMetrics {
  readonly #received: Counter<'source'>;

  constructor(
    private readonly registry: Registry,
    outbox: Outbox,
  ) {
    this.#received = counterIn(registry, metricCatalog.agentEvents);
    gaugeIn(registry, metricCatalog.agentWaitingBytes, (gauge) => gauge.set(outbox.waitingBytes));
    gaugeIn(registry, metricCatalog.agentLag, (gauge) => gauge.set(outbox.lagMs(Date.now()) / 1_000));
    gaugeIn(registry, metricCatalog.agentDropped, (gauge) => {
      for (const [source, events] of Object.entries(outbox.dropped)) gauge.set({ source }, events);
    });
  }

  received(source: AgentSource, events: number): void {
    this.#received.inc({ source }, events);
  }

  /** @param counts number of objects by resource */
  objects(counts: () => readonly (readonly [string, number])[]): void {
    gaugeIn(this.registry, metricCatalog.agentObjects, (gauge) => {
      for (const [resource, objects] of counts()) gauge.set({ resource }, objects);
    });
  }
}
