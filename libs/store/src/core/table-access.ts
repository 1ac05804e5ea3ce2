/** Services that have a role of their own in PostgreSQL. */
export const roleServices = ['console', 'detector', 'ingest', 'notifier', 'scanner'] as const;

export type RoleService = (typeof roleServices)[number];

/**
 * Services that write each table, from which the grants of their roles follow. A test derives the
 * same list from the code of the services. A change of it is a change of the architecture.
 */
export const tableWriters: Readonly<Record<string, readonly RoleService[]>> = {
  advisory: ['scanner'],
  advisory_ecosystem: ['scanner'],
  advisory_feed: ['scanner'],
  advisory_import: ['scanner'],
  advisory_package: ['scanner'],
  alert: ['notifier'],
  alert_group: ['console', 'notifier'],
  alert_history: ['notifier'],
  api_token: ['console'],
  audit_entry: ['console', 'ingest'],
  cluster: ['console', 'ingest'],
  console_session: ['console'],
  console_user: ['console'],
  container_ledger: ['detector'],
  containment_order: ['console', 'detector', 'ingest'],
  containment_transition: ['console', 'detector', 'ingest'],
  database_life: ['ingest'],
  delivery: ['console', 'notifier'],
  delivery_step: ['console', 'notifier'],
  device_login: ['console'],
  detection_alert: ['detector'],
  detection_match: ['detector'],
  detection_rule: ['detector'],
  detector_lease: ['detector', 'ingest'],
  detector_replica: ['detector'],
  detector_snapshot: ['detector', 'ingest'],
  epss: ['scanner'],
  exploitation_change: ['scanner'],
  file_entry: ['console'],
  fleet_content: ['scanner'],
  fleet_file: ['scanner'],
  fleet_refresh: ['scanner'],
  fleet_upgrade: ['scanner'],
  fleet_vulnerability: ['scanner'],
  image: ['scanner'],
  image_finding: ['scanner'],
  image_layer: ['scanner'],
  image_manifest: ['console', 'detector', 'notifier', 'scanner'],
  image_package: ['scanner'],
  image_provenance: ['scanner'],
  incident: ['console', 'detector', 'ingest', 'scanner'],
  incident_revision: ['console', 'detector', 'ingest', 'scanner'],
  end_of_life: ['scanner'],
  kev: ['scanner'],
  layer: ['scanner'],
  layer_blob: ['scanner'],
  layer_failure: ['scanner'],
  learned_habit: ['detector'],
  managed_entry: ['console'],
  notified_alert: ['notifier'],
  package: ['scanner'],
  package_content: ['scanner'],
  package_match: ['scanner'],
  package_use: ['detector'],
  package_vulnerability: ['scanner'],
  pipeline_document: ['ingest'],
  pipeline_report: ['ingest'],
  push: ['console', 'ingest', 'scanner'],
  push_change: ['scanner'],
  push_identity: ['detector', 'scanner'],
  push_image: ['scanner'],
  received: ['ingest'],
  registry_look: ['scanner'],
  registry_repository: ['scanner'],
  registry_tag: ['scanner'],
  removal: ['console', 'detector', 'scanner'],
  removal_image: ['scanner'],
  report_run: ['console', 'notifier'],
  repository_cpe: ['scanner'],
  repository_finding: ['scanner'],
  saved_view: ['console'],
  sensor_contact: ['ingest'],
  service_account: ['console'],
  setup_link: ['console'],
  silence: ['console', 'ingest'],
  silence_version: ['console', 'ingest'],
  tag_ledger: ['scanner'],
  view_row: ['notifier'],
  view_watch: ['notifier'],
  workload: ['detector'],
  workload_finding: ['detector'],
  workload_object: ['detector'],
};

/** Tables that every service writes: transactions, jobs and dead letters. */
export const sharedTables: readonly string[] = [
  'outbox',
  'inbox',
  'job',
  'job_source',
  'dead_letter',
  'service_configuration',
];

/**
 * Tables that only some services read; any other table is read by every service. The console reads
 * all of them, for the sizes and ages that it shows.
 */
export const tableReaders: Readonly<Record<string, readonly RoleService[]>> = {
  api_token: ['console'],
  audit_entry: ['console', 'ingest', 'notifier'],
  cluster: ['console', 'ingest'],
  console_session: ['console'],
  console_user: ['console', 'notifier'],
  device_login: ['console'],
  file_entry: ['console'],
  managed_entry: ['console', 'ingest', 'notifier', 'scanner'],
  report_run: ['console', 'notifier'],
  saved_view: ['console', 'notifier'],
  service_account: ['console', 'notifier'],
  setup_link: ['console'],
  view_row: ['console', 'notifier'],
  view_watch: ['console', 'notifier'],
};

/** Tables whose rows no service changes or deletes. */
export const appendedTables: readonly string[] = ['audit_entry', 'managed_entry', 'silence_version'];

/** Whether a service may write a table. Other programs connect as the owner and write all. */
export function mayWrite(service: string, table: string): boolean {
  const known = roleServices.find((name) => name === service);
  return known === undefined || sharedTables.includes(table) || (tableWriters[table]?.includes(known) ?? false);
}
