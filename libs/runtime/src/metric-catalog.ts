/** Services that export metrics, as in the label `service` of each. */
export type MetricService = 'ingest' | 'scanner' | 'detector' | 'notifier' | 'console' | 'agent';

/** Metric that a service exports on `/metrics`. */
export interface Metric<Label extends string = string> {
  type: 'counter' | 'gauge' | 'histogram';
  name: `tidewaiter_${string}`;
  help: string;
  labels: readonly Label[];
  services: readonly MetricService[];
  /** Upper bounds of a histogram. */
  buckets?: readonly number[];
  /** Sign of trouble: what to watch it for. */
  trouble?: string;
  /** Page of the documentation that explains it. */
  page?: string;
}

type Definition<Label extends string> = Omit<Metric<Label>, 'type'>;

const counter = <const Label extends string>(definition: Definition<Label>) =>
  ({ type: 'counter', ...definition }) as const;
const gauge = <const Label extends string>(definition: Definition<Label>) =>
  ({ type: 'gauge', ...definition }) as const;
const histogram = <const Label extends string>(definition: Definition<Label>) =>
  ({ type: 'histogram', ...definition }) as const;

const all: readonly MetricService[] = ['ingest', 'scanner', 'detector', 'notifier', 'console'];

/** Every metric of Tidewaiter. `docs/metrics.md` is generated from it. */
export const metricCatalog = {
  configReloadSuccessful: gauge({
    name: 'tidewaiter_config_last_reload_successful',
    help: '1 if the last reload of the configuration succeeded, 0 if it was rejected',
    labels: [],
    services: all,
    trouble: 'it is 0: a changed file was rejected, and the old one is in use',
  }),
  configLoadedTimestamp: gauge({
    name: 'tidewaiter_config_loaded_timestamp_seconds',
    help: 'Unix time at which the configuration in use was read',
    labels: [],
    services: all,
  }),
  busMessages: counter({
    name: 'tidewaiter_bus_messages_total',
    help: 'Messages by consumer and result: handled, requeued or dead-lettered',
    labels: ['consumer', 'result'],
    services: all,
  }),
  busWaiting: gauge({
    name: 'tidewaiter_bus_consumer_waiting_messages',
    help: 'Events that wait for a consumer, or that it has not acknowledged; none while NATS is away',
    labels: ['consumer'],
    services: ['scanner', 'notifier'],
  }),
  outboxOldest: gauge({
    name: 'tidewaiter_outbox_oldest_seconds',
    help: 'Age of the oldest event of the outbox that is not published',
    labels: [],
    services: all,
    trouble: 'it rises: events do not reach NATS',
  }),
  jobDuration: histogram({
    name: 'tidewaiter_job_duration_seconds',
    help: 'Duration of jobs by queue and result',
    labels: ['queue', 'result'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
    services: ['scanner', 'notifier'],
  }),
  queueJobs: gauge({
    name: 'tidewaiter_queue_jobs',
    help: 'Queued and running jobs',
    labels: ['queue', 'state'],
    services: ['scanner', 'notifier'],
  }),
  queueOldest: gauge({
    name: 'tidewaiter_queue_oldest_seconds',
    help: 'Waiting time of the oldest due job',
    labels: ['queue'],
    services: ['scanner', 'notifier'],
    trouble: 'it rises: add scanners',
  }),
  webhooks: counter({
    name: 'tidewaiter_webhooks_total',
    help: 'Webhooks by kind of sender and result',
    labels: ['kind', 'result'],
    services: ['ingest'],
  }),
  sensorEvents: counter({
    name: 'tidewaiter_sensor_events_total',
    help: 'Events of sensors by result: accepted, duplicates or ignored',
    labels: ['sensor', 'result'],
    services: ['ingest'],
  }),
  sensorDropped: counter({
    name: 'tidewaiter_sensor_dropped_total',
    help: 'Events that a sensor reports as lost before it could send them',
    labels: ['sensor'],
    services: ['ingest'],
    trouble: 'it rises: a sensor loses events',
  }),
  spoolBytes: gauge({
    name: 'tidewaiter_ingest_spool_bytes',
    help: 'Bytes of webhooks and runtime events on the disk of ingest that PostgreSQL does not have yet',
    labels: [],
    services: ['ingest'],
    trouble: 'it rises towards TIDEWAITER_SPOOL_MAX_BYTES: PostgreSQL, NATS or the detector is away',
    page: 'running.md#the-spool-of-ingest',
  }),
  spoolRepublished: counter({
    name: 'tidewaiter_ingest_spool_republished_total',
    help: 'Runtime events that were published again because NATS lost them or PostgreSQL was restored',
    labels: [],
    services: ['ingest'],
    page: 'running.md#the-spool-of-ingest',
  }),
  spoolLost: counter({
    name: 'tidewaiter_ingest_spool_damaged_total',
    help: 'Places on the disk of ingest at which the rest of a segment is damaged and lost',
    labels: [],
    services: ['ingest'],
    trouble: 'it is not 0: the disk of ingest is failing',
    page: 'running.md#the-spool-of-ingest',
  }),
  missedEvents: counter({
    name: 'tidewaiter_ingest_missed_events_total',
    help: 'Pushes that no webhook reported, found by reconciliation',
    labels: ['source'],
    services: ['scanner'],
    trouble: 'it rises: webhooks of a registry do not arrive',
    page: 'sources.md#pushes-without-a-webhook',
  }),
  notReconciled: counter({
    name: 'tidewaiter_scanner_repositories_not_reconciled_total',
    help: 'Reconciliations of a repository whose tags could not be listed, or are too many',
    labels: ['source', 'code'],
    services: ['scanner'],
    trouble: 'it rises: pushes without a webhook are not found in repositories that the log names',
    page: 'sources.md#pushes-without-a-webhook',
  }),
  redeliveries: counter({
    name: 'tidewaiter_ingest_redeliveries_total',
    help: 'Failed webhook deliveries that the registry was asked to send again',
    labels: ['source'],
    services: ['scanner'],
    page: 'sources.md#failed-webhooks-of-github',
  }),
  advisoriesAge: gauge({
    name: 'tidewaiter_advisories_age_seconds',
    help: 'Age of a source of advisories by ecosystem, of KEV and of EPSS, by the date of the data',
    labels: ['ecosystem', 'source'],
    services: ['scanner'],
    trouble: 'it exceeds your sync interval by far',
    page: 'advisories.md#age',
  }),
  limitHits: counter({
    name: 'tidewaiter_scanner_limit_hits_total',
    help: 'Layers whose reading ended at a limit, by its name',
    labels: ['limit'],
    services: ['scanner'],
    page: 'limits.md',
  }),
  detectorEvents: counter({
    name: 'tidewaiter_detector_events_total',
    help: 'Runtime events by sensor and result: evaluated or dead-lettered',
    labels: ['source', 'result'],
    services: ['detector'],
  }),
  eventLateness: histogram({
    name: 'tidewaiter_detector_event_lateness_seconds',
    help: 'Time from an event, by its own clock, to its storage in NATS',
    labels: [],
    buckets: [0.1, 0.5, 1, 5, 30, 300, 3_600],
    services: ['detector'],
  }),
  eventQueueing: histogram({
    name: 'tidewaiter_detector_queue_seconds',
    help: 'Time from the storage of a batch of events in NATS to its evaluation',
    labels: [],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300],
    services: ['detector'],
  }),
  detectorAlerts: counter({
    name: 'tidewaiter_detector_alerts_total',
    help: 'Alerts by the id of the rule; alerts of sensors share the value `sensor`',
    labels: ['rule'],
    services: ['detector'],
  }),
  droppedMatches: counter({
    name: 'tidewaiter_detector_unkept_matches_total',
    help: 'Matches that were dropped before the correlations over all partitions, because too many waited',
    labels: [],
    services: ['detector'],
  }),
  incidentChanges: counter({
    name: 'tidewaiter_detector_incident_changes_total',
    help: 'Changes of incidents by kind',
    labels: ['result'],
    services: ['detector'],
  }),
  ruleLoads: counter({
    name: 'tidewaiter_detector_rule_loads_total',
    help: 'Loads of the rules by result: whole, in-part (some rules were rejected) or failed',
    labels: ['result'],
    services: ['detector'],
  }),
  detectorRules: gauge({
    name: 'tidewaiter_detector_rules',
    help: 'Loaded and rejected rules',
    labels: ['state'],
    services: ['detector'],
  }),
  partitionState: gauge({
    name: 'tidewaiter_detector_state_bytes',
    help: 'Size of the state of a partition in its last snapshot',
    labels: ['partition'],
    services: ['detector'],
  }),
  partitionWaiting: gauge({
    name: 'tidewaiter_detector_partition_waiting_messages',
    help: 'Messages of a partition that are not evaluated yet',
    labels: ['partition'],
    services: ['detector'],
    trouble: 'it rises: add detectors',
  }),
  workloadFindings: gauge({
    name: 'tidewaiter_detector_workload_findings',
    help: 'Open misconfigurations of workloads; every replica exports all of them',
    labels: ['severity'],
    services: ['detector'],
    page: 'workload-findings.md',
  }),
  irregularEvents: counter({
    name: 'tidewaiter_detector_irregular_events_total',
    help: 'Events by irregularity: too late, a duplicate, or a repeated write to an open file',
    labels: ['kind'],
    services: ['detector'],
  }),
  correlationLosses: counter({
    name: 'tidewaiter_detector_correlation_losses_total',
    help: 'Groups and events that correlations dropped or evaluated early because of their limits',
    labels: ['kind'],
    services: ['detector'],
    page: 'correlation.md#limits',
  }),
  correlationGroups: gauge({
    name: 'tidewaiter_detector_correlation_groups',
    help: 'Groups in the memory of correlations',
    labels: ['partition'],
    services: ['detector'],
  }),
  admissionAnswers: counter({
    name: 'tidewaiter_console_admission_answers_total',
    help: 'Answers to admission requests of Kubernetes',
    labels: ['outcome'],
    services: ['console'],
    page: 'gates.md#kubernetes',
  }),
  admissionImages: counter({
    name: 'tidewaiter_console_admission_images_total',
    help: 'Images of admission requests by their stored verdict',
    labels: ['result'],
    services: ['console'],
  }),
  admissionUnscanned: counter({
    name: 'tidewaiter_console_admission_unscanned_total',
    help: 'Unscanned images that were allowed to run',
    labels: [],
    services: ['console'],
  }),
  agentEvents: counter({
    name: 'tidewaiter_agent_events_total',
    help: 'Events that the agent has received, by source',
    labels: ['source'],
    services: ['agent'],
    page: 'agent.md',
  }),
  agentDropped: gauge({
    name: 'tidewaiter_agent_dropped_events',
    help: 'Events that were lost since the folder of the agent was made, by source',
    labels: ['source'],
    services: ['agent'],
    trouble: 'it grows: the disk of an agent is full, or the hub rejects events',
    page: 'agent.md#while-the-hub-is-away',
  }),
  agentWaitingBytes: gauge({
    name: 'tidewaiter_agent_waiting_bytes',
    help: 'Bytes on the disk of the agent that the hub does not have',
    labels: [],
    services: ['agent'],
  }),
  agentLag: gauge({
    name: 'tidewaiter_agent_lag_seconds',
    help: 'Age of the oldest event that the hub does not have',
    labels: [],
    services: ['agent'],
    trouble: 'it grows: the hub is away, or slower than the events',
  }),
  agentObjects: gauge({
    name: 'tidewaiter_agent_objects',
    help: 'Objects of the cluster, by resource',
    labels: ['resource'],
    services: ['agent'],
  }),
};

/** The catalog as a page of the documentation. */
export function metricsMarkdown(metrics: readonly Metric[]): string {
  const watched = metrics.flatMap(({ name, trouble }) => (trouble ? [`| \`${name}\` | ${trouble} |`] : []));
  const common = metrics.filter(({ services }) => services.length > 1);
  const sections = [...all, 'agent' as const].flatMap((service) => {
    const own = metrics.filter(({ services }) => services.length === 1 && services[0] === service);
    return own.length === 0 ? [] : [section(`${service.charAt(0).toUpperCase()}${service.slice(1)}`, own)];
  });
  return `# Metrics

Generated from \`libs/runtime\` by \`npm run docs\`; do not edit. Every service exports its metrics in Prometheus's
format at \`/metrics\` on its port. Each has the label \`service\`; those of the process and of Node.js are exported too.

\`\`\`sh
curl http://127.0.0.1:7070/metrics
\`\`\`

With \`docker-compose.yml\` and the chart they are on the port 9090 of each service, which is not published.

## What to watch

| metric | means trouble when |
| --- | --- |
${watched.join('\n')}

${section('Several services', common)}

${sections.join('\n\n')}
`;
}

function section(title: string, metrics: readonly Metric[]): string {
  return `## ${title}

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${metrics.map(row).join('\n')}`;
}

function row({ name, type, labels, services, help, page }: Metric): string {
  const names = labels.map((label) => `\`${label}\``).join(', ');
  const where = services.length > 1 && services.length < all.length ? ` (${services.join(', ')})` : '';
  return `| \`${name}\` | ${type} | ${names} | ${help}${where}${page ? ` ([more](${page}))` : ''} |`;
}
