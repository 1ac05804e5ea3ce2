import type { DetectionAlert, DetectorCounts } from '@tidewaiter/detection';
import type { Incident } from '@tidewaiter/domain';

/** Result of a replay of recorded events. */
export interface Replayed {
  incidents: readonly Incident[];
  /** Id of the incident that an alert is in. */
  incidentOf(alertId: string): string | null;
  /** The first alerts, in the order in which they were raised. */
  alerts: readonly DetectionAlert[];
  /** Number of all alerts. */
  alertCount: number;
  counts: Readonly<DetectorCounts>;
}
