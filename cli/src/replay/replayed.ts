import type { Alert, DetectorCounts } from '@tidewaiter/detection';
import type { Incident } from '@tidewaiter/domain';

/** What came of recorded events. */
export interface Replayed {
  incidents: readonly Incident[];
  /** Id of the incident that an alert is in. */
  incidentOf(alertId: string): string | null;
  /** The first ones, in the order in which they were raised. */
  alerts: readonly Alert[];
  /** Of all alerts. */
  alertCount: number;
  counts: Readonly<DetectorCounts>;
}
