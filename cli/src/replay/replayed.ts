import type { Alert, DetectorCounts } from '@tidewaiter/detection';
import type { Incident } from '@tidewaiter/domain';

/** Result of a replay of recorded events. */
export interface Replayed {
  incidents: readonly Incident[];
  /** Id of the incident that an alert is in. */
  incidentOf(alertId: string): string | null;
  /** The first alerts, in the order in which they were raised. */
  alerts: readonly Alert[];
  /** Number of all alerts. */
  alertCount: number;
  counts: Readonly<DetectorCounts>;
}
