import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { workloadNamespaces } from '../../api/queries.js';
import type { WorkloadNamespace } from '../../api/types.js';
import { Section } from '../../parts/page.js';
import { EmptyState, Loaded } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { counted, dotted } from '../../parts/words.js';
import { placeQuery } from './place-query.js';

const columns = [
  column<WorkloadNamespace>({
    id: 'namespace',
    title: 'Namespace',
    isName: true,
    cell: ({ cluster, namespace }) =>
      namespace === '' ? (
        <span className="quiet">without a namespace</span>
      ) : (
        <Link to="/workloads" search={{ q: placeQuery(cluster, namespace) }}>
          {namespace}
        </Link>
      ),
  }),
  column<WorkloadNamespace>({
    id: 'workloads',
    title: 'Workloads',
    kind: 'number',
    cell: ({ workloads }) => workloads.toLocaleString('en'),
  }),
  column<WorkloadNamespace>({
    id: 'containers',
    title: 'Containers',
    kind: 'number',
    cell: ({ containers }) => containers.toLocaleString('en'),
  }),
  column<WorkloadNamespace>({ id: 'failed', title: 'Failed', kind: 'number', cell: ({ failed }) => failed || '–' }),
  column<WorkloadNamespace>({
    id: 'misconfigurations',
    title: 'Misconfigured',
    kind: 'number',
    cell: ({ misconfigurations }) => misconfigurations.toLocaleString('en'),
  }),
  column<WorkloadNamespace>({
    id: 'incidents',
    title: 'Incidents',
    kind: 'number',
    cell: ({ incidents }) => incidents || '–',
  }),
];

/** Clusters with their namespaces, each of which leads to its workloads. */
export function NamespaceList() {
  return (
    <Loaded read={useQuery(workloadNamespaces)}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState title="No sensor has reported a workload" />
        ) : (
          [...Map.groupBy(items, ({ cluster }) => cluster)].map(([cluster, namespaces]) => (
            <Cluster key={cluster} cluster={cluster} namespaces={namespaces} />
          ))
        )
      }
    </Loaded>
  );
}

function Cluster({ cluster, namespaces }: { cluster: string; namespaces: WorkloadNamespace[] }) {
  const sum = (field: 'workloads' | 'failed' | 'incidents') =>
    namespaces.reduce((total, each) => total + each[field], 0);
  const name = cluster === '' ? 'Cluster without a name' : cluster;
  return (
    <Section
      title={name}
      note={dotted(
        counted(sum('workloads'), 'workload'),
        sum('failed') > 0 && `${sum('failed')} with a failed image`,
        sum('incidents') > 0 && counted(sum('incidents'), 'open incident'),
      )}
    >
      <DataTable
        label={`Namespaces of ${name}`}
        columns={columns}
        rows={namespaces}
        keyOf={({ namespace }) => namespace}
      />
    </Section>
  );
}
