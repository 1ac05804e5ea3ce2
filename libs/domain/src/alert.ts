/** What a route matches on, in Alertmanager's sense: short names, short values. */
export type Labels = Record<string, string>;

/** One thing somebody may want to hear about: a finding of a push, or an incident. */
export interface Alert {
  /** What it is about: the same from its firing to its end, whatever its labels say by then, and of nothing else. */
  identity: string;
  labels: Labels;
  /** Texts for people; never matched on. */
  annotations: Record<string, string>;
  status: 'firing' | 'resolved';
  /** ISO 8601. */
  startsAt: string;
  /** ISO 8601; null while it fires. */
  endsAt: string | null;
}
