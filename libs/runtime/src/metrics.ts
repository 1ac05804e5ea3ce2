import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { Metric } from './metric-catalog.js';

type Of<Type extends Metric['type'], Label extends string> = Metric<Label> & { type: Type };

/** Gauges of prom-client whose names end in `_total`, which Prometheus reserves for counters. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Registry with the metrics of the process; each gets the label `service`. */
export function processRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
}

/** @param collect called before each scrape */
export function counterIn<Label extends string>(
  registry: Registry,
  { name, help, labels }: Of<'counter', Label>,
  collect?: () => void | Promise<void>,
): Counter<Label> {
  return new Counter({ name, help, labelNames: labels, registers: [registry], ...(collect && { collect }) });
}

/** @param collect sets the gauge before each scrape */
export function gaugeIn<Label extends string>(
  registry: Registry,
  { name, help, labels }: Of<'gauge', Label>,
  collect?: (gauge: Gauge<Label>) => void | Promise<void>,
): Gauge<Label> {
  const gauge: Gauge<Label> = new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(collect && { collect: () => collect(gauge) }),
  });
  return gauge;
}

export function histogramIn<Label extends string>(
  registry: Registry,
  { name, help, labels, buckets = [] }: Of<'histogram', Label>,
): Histogram<Label> {
  return new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [registry] });
}
