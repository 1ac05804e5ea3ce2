/** States that the filter offers; a snoozed incident is open. */
export const incidentStateFilters = ['open', 'snoozed', 'resolved', 'merged', 'all'] as const;

/** Query of the list without filters. */
export const usualQuery = 'state=open';

interface Filters {
  state: (typeof incidentStateFilters)[number];
  severity: string | undefined;
  assignee: 'me' | 'none' | undefined;
  /** Typed part of the query. */
  q: string | undefined;
}

/** Query of the list: what was typed comes first, so that errors keep their columns. */
export function incidentQuery({ state, severity, assignee, q }: Filters, me: string | undefined): string {
  const terms = [
    stateTerms[state],
    severity && `severity=${severity}`,
    assignee === 'none' && '-assigned',
    assignee === 'me' && me !== undefined && `assignee=${quoted(me)}`,
  ];
  // The typed part may have an `or`, which binds less than the terms beside it.
  return [q && `(${q})`, ...terms].filter(Boolean).join(' ');
}

const stateTerms: Record<Filters['state'], string> = {
  open: usualQuery,
  snoozed: 'state=open snoozed',
  resolved: 'state=resolved',
  merged: 'state=merged',
  all: '(snoozed or -snoozed)',
};

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
