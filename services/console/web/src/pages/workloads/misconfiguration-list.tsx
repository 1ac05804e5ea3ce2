import { severities, type Severity } from '@tidewaiter/domain';

import { workloadFindings } from '../../api/lists.js';
import type { WorkloadFinding } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { FilterSelect, FilterText } from '../../parts/filters.js';
import { SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { WorkloadLink } from './workload-link.js';

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
    cell: ({ workload }) => <WorkloadLink place={workload} />,
  }),
  column<WorkloadFinding>({
    id: 'since',
    title: 'Since',
    kind: 'when',
    cell: ({ firstSeen, endedAt }) => <Moment at={endedAt ?? firstSeen} />,
  }),
];

/** Filters of the list in the address. */
export interface MisconfigurationFilter {
  severity: Severity | undefined;
  cluster: string | undefined;
  namespace: string | undefined;
  workload: string | undefined;
  check: string | undefined;
  state: 'open' | 'ended' | undefined;
}

/** Misconfiguration of what runs in the clusters. */
export function MisconfigurationList({ filter: { state = 'open', ...filter } }: { filter: MisconfigurationFilter }) {
  const { severity, cluster, namespace, workload, check } = filter;
  const source = workloadFindings({ ...filter, state });
  const list = useLiveList(source);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <>
      <div className="filters">
        <FilterSelect label="Severity" name="severity" value={severity} any="any" options={severities} />
        <FilterSelect label="State" name="state" value={state} options={['open', 'ended']} />
        <FilterText label="Cluster" name="cluster" value={cluster} />
        <FilterText label="Namespace" name="namespace" value={namespace} />
        <FilterText label="Workload" name="workload" value={workload} placeholder="web or shop/Deployment/web" />
        <FilterText label="Check" name="check" value={check} placeholder="k8s-privileged" />
      </div>
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
