import { Injectable } from '@nestjs/common';
import { counterIn, gaugeIn, metricCatalog } from '@tidewaiter/runtime';
import { AdvisoryAges } from '@tidewaiter/store';
import { type Counter, Registry } from 'prom-client';

/** Metrics of the scanner. */
@Injectable()
export class ScannerMetrics {
  readonly missedEvents: Counter<'source'>;
  readonly notReconciled: Counter<'source' | 'code'>;
  readonly redeliveries: Counter<'source'>;
  readonly limitHits: Counter<'limit'>;

  constructor(registry: Registry, ages: AdvisoryAges) {
    this.missedEvents = counterIn(registry, metricCatalog.missedEvents);
    this.notReconciled = counterIn(registry, metricCatalog.notReconciled);
    this.redeliveries = counterIn(registry, metricCatalog.redeliveries);
    this.limitHits = counterIn(registry, metricCatalog.limitHits);
    // Collected on each scrape, so that the age grows while no data arrives.
    gaugeIn(registry, metricCatalog.advisoriesAge, async (gauge) => {
      for (const { ecosystem, source, ageSeconds } of await ages.all()) gauge.set({ ecosystem, source }, ageSeconds);
    });
  }
}
