import { Link } from '@tanstack/react-router';

import type { Incident } from '../../api/types.js';
import { SeverityMark, Stamp, type StampKind } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { column } from '../../parts/table/columns.js';
import { counted } from '../../parts/words.js';
import { TriageState } from '../incident/triage-state.js';
import { stagesText } from './triage.js';

const stateStamps: Record<Incident['state'], StampKind> = { open: 'bad', resolved: 'good', merged: 'neutral' };

/** Selected rows, and the change of one. */
export interface Selection {
  ids: ReadonlySet<string>;
  toggle: (id: string) => void;
}

/** Column by which rows are selected for an action on several. */
export function selectionColumn({ ids, toggle }: Selection) {
  return column<Incident>({
    id: 'select',
    title: 'Select',
    kind: 'select',
    cell: ({ id, number }) => (
      <input type="checkbox" aria-label={`Select INC-${number}`} checked={ids.has(id)} onChange={() => toggle(id)} />
    ),
  });
}

export const incidentColumns = [
  column<Incident>({
    id: 'severity',
    title: 'Severity',
    kind: 'mark',
    cell: ({ severity }) => <SeverityMark severity={severity} />,
  }),
  column<Incident>({
    id: 'incident',
    title: 'Incident',
    isName: true,
    cell: ({ id, number, title, steps }) => (
      <>
        <Link to="/incidents/$id" params={{ id }}>
          INC-{number} {title}
        </Link>{' '}
        <Link
          from="/incidents"
          to="/incidents"
          search={(before) => ({ ...before, selected: id })}
          className="peek"
          aria-label={`Show INC-${number} beside the list`}
        >
          ⇥
        </Link>
        <small className="quiet">{stagesText(steps)}</small>
      </>
    ),
  }),
  column<Incident>({
    id: 'where',
    title: 'Where',
    kind: 'secondary',
    cell: ({ workload, namespace, image, cluster }) => (
      <>
        {workload ?? namespace ?? image} <small className="quiet">{cluster}</small>
      </>
    ),
  }),
  column<Incident>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: (incident) => (
      <>
        <Stamp kind={stateStamps[incident.state]}>{incident.state}</Stamp>
        <TriageState incident={incident} />
      </>
    ),
  }),
  column<Incident>({
    id: 'events',
    title: 'Events',
    kind: 'number secondary',
    cell: ({ count }) => counted(count, 'event'),
  }),
  column<Incident>({
    id: 'lastSeen',
    title: 'Last event',
    kind: 'when',
    cell: ({ lastSeen }) => <Moment at={lastSeen} />,
  }),
];
