import { getRouteApi, Link } from '@tanstack/react-router';
import { severities } from '@tidewaiter/domain';

import { workloadFindings } from '../../api/lists.js';
import type { WorkloadFinding } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { FilterSelect, FilterText } from '../../parts/filters.js';
import { SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { WorkloadIncidents } from './workload-incidents.js';

const route = getRouteApi('/workloads');

const columns = [
  column<WorkloadFinding>({
    id: 'severity',
    title: 'Severity',
    kind: 'mark',
    cell: ({ severity }) => <SeverityMark severity={severity} />,
  }),
  column<WorkloadFinding>({
    id: 'finding',
    title: 'Misconfiguration',
    isName: true,
    cell: ({ title, check, container, field, fix }) => (
      <>
        {title} {field !== null && <code>{field}</code>}{' '}
        <small className="quiet">
          {check} {container !== null && `in ${container}`} {fix}
        </small>
      </>
    ),
  }),
  column<WorkloadFinding>({
    id: 'workload',
    title: 'Workload',
    cell: ({ workload: { cluster, namespace, kind, name } }) => (
      <>
        <Link to="/workloads" search={{ workload: `${namespace}/${kind}/${name}`, cluster: cluster ?? undefined }}>
          {namespace}/{kind}/{name}
        </Link>{' '}
        <small className="quiet">{cluster}</small>
      </>
    ),
  }),
  column<WorkloadFinding>({
    id: 'since',
    title: 'Since',
    kind: 'when',
    cell: ({ firstSeen, endedAt }) => <Moment at={endedAt ?? firstSeen} />,
  }),
];

/** Misconfiguration of workloads, and what one of them runs. */
export function WorkloadsPage() {
  const { severity, cluster, namespace, workload, check, state = 'open' } = route.useSearch();
  const filter = { severity, cluster, namespace, workload, check, state };
  const source = workloadFindings(filter);
  const list = useLiveList(source);
  const isFiltered = [severity, cluster, namespace, workload, check].some((value) => value !== undefined);
  return (
    <>
      <PageHead title={workload ?? 'Workloads'} about="Misconfiguration of what runs in the clusters" />
      <div className="filters">
        <FilterSelect label="Severity" name="severity" value={severity} any="any" options={severities} />
        <FilterSelect label="State" name="state" value={state} options={['open', 'ended']} />
        <FilterText label="Cluster" name="cluster" value={cluster} />
        <FilterText label="Namespace" name="namespace" value={namespace} />
        <FilterText label="Workload" name="workload" value={workload} placeholder="web or shop/Deployment/web" />
        <FilterText label="Check" name="check" value={check} placeholder="k8s-privileged" />
      </div>
      {workload !== undefined && <WorkloadIncidents workload={workload} cluster={cluster} />}
      <LiveTable
        label="Misconfiguration of workloads"
        list={list}
        columns={columns}
        keyOf={source.keyOf}
        empty={isFiltered ? <EmptyState title="No misconfiguration matches these filters" /> : <NoWorkloads />}
      />
    </>
  );
}

function NoWorkloads() {
  return (
    <EmptyState title="No misconfigured workload is known">
      <p>The audit log or the watch of Kubernetes reports workloads. Check manifests before they are applied:</p>
      <Sample>tidewaiter scan k8s:deploy/</Sample>
    </EmptyState>
  );
}
