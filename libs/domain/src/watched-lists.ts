/** Lists whose changes the stream of the console reports without an event of their own. */
export const watchedLists = [
  'alerts',
  'rules',
  'deliveries',
  'receivers',
  'silences',
  'dead-letters',
  'containment',
  'workloads',
  'workload-findings',
  'entries',
  'views',
  'report-runs',
  'removals',
] as const;

export type WatchedList = (typeof watchedLists)[number];
