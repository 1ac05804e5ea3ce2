import { getRouteApi, Link } from '@tanstack/react-router';

import { alerts } from '../../api/lists.js';
import type { Alert } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { dotted, shortDigest } from '../../parts/words.js';
import { useScopedQuery } from '../../scope/use-scope.js';
import { WorkloadLink } from '../workloads/workload-link.js';
import { placeOfWorkload } from '../workloads/workload-place.js';

const route = getRouteApi('/incidents/alerts');

const weights: Record<Alert['weight'], string> = {
  alone: 'opens an incident alone',
  support: 'opens an incident with another kind of evidence',
  context: 'opens no incident',
};

const columns = [
  column<Alert>({
    id: 'severity',
    title: 'Severity',
    kind: 'mark',
    cell: ({ severity }) => (
      <SeverityMark severity={severity === 'informational' ? 'negligible' : severity}>{severity}</SeverityMark>
    ),
  }),
  column<Alert>({
    id: 'alert',
    title: 'Alert',
    isName: true,
    cell: ({ title, explanation, weight, lowered }) => (
      <>
        {title} <small className="quiet">{dotted(explanation, weights[weight], lowered)}</small>
      </>
    ),
  }),
  column<Alert>({
    id: 'rule',
    title: 'Rule',
    cell: ({ rule, bySensor, techniques }) => (
      <>
        {rule.title} <small className="quiet">{dotted(bySensor && 'of the sensor', techniques.join(', '))}</small>
      </>
    ),
  }),
  column<Alert>({ id: 'where', title: 'Where', kind: 'wide', cell: ({ context }) => <Where context={context} /> }),
  column<Alert>({
    id: 'incident',
    title: 'Incident',
    cell: ({ incidentId, incidentNumber }) =>
      incidentId === null ? (
        <span className="quiet">none</span>
      ) : (
        <Link to="/incidents/$id" params={{ id: incidentId }}>
          INC-{incidentNumber}
        </Link>
      ),
  }),
  column<Alert>({ id: 'when', title: 'When', kind: 'when', cell: ({ at }) => <Moment at={at} /> }),
];

function Where({ context }: { context: Alert['context'] }) {
  const { cluster, node, namespace, pod, container, workload, image, imageDigest } = context;
  const place = workload === null ? null : placeOfWorkload(workload, cluster);
  return (
    <>
      {place === null ? (
        <>
          {workload ?? pod ?? container ?? namespace ?? node} <small className="quiet">{cluster}</small>
        </>
      ) : (
        <WorkloadLink place={place} />
      )}
      {imageDigest === null ? (
        <small className="quiet">{image}</small>
      ) : (
        <Link to="/images/$digest" params={{ digest: imageDigest }} className="block">
          {image ?? `@${shortDigest(imageDigest)}`}
        </Link>
      )}
    </>
  );
}

/** Alerts of the detection rules and of sensors, also those that belong to no incident. */
export function AlertsPage() {
  const { q } = route.useSearch();
  const scoped = useScopedQuery('alerts', q);
  const source = alerts({ q: scoped });
  return (
    <>
      <PageHead
        title="Alerts"
        about={
          <>
            What rules and sensors reported, also without an <Link to="/incidents">incident</Link>
          </>
        }
      />
      <div className="filters">
        <QueryBox list="alerts" value={q} placeholder="severity>=high -joined namespace=shop" />
        <ExportLinks list="alerts" q={scoped ?? ''} sort={undefined} />
      </div>
      <LiveTable
        label="Alerts"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={<EmptyState title={scoped === undefined ? 'No rule has matched yet' : 'No alert matches this filter'} />}
      />
    </>
  );
}
