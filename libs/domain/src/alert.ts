/** Labels that routes match on, in Alertmanager's sense: short names, short values. */
export type Labels = Record<string, string>;

/** Subject of notifications: a finding of a push, or an incident. */
export interface Alert {
  /**
   * Key of the alert's subject, and of no other subject: constant from firing to resolved, even
   * when labels change.
   */
  identity: string;
  labels: Labels;
  /** Texts for readers; never matched on. */
  annotations: Record<string, string>;
  status: 'firing' | 'resolved';
  /** ISO 8601. */
  startsAt: string;
  /** ISO 8601; null while it fires. */
  endsAt: string | null;
}
