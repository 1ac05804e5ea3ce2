import { getRouteApi } from '@tanstack/react-router';

import { PageHead, TabLinks } from '../../parts/page.js';
import { MisconfigurationList } from './misconfiguration-list.js';
import { NamespaceList } from './namespace-list.js';
import { WorkloadList } from './workload-list.js';

const route = getRouteApi('/workloads');

/** Workloads by urgency and by namespace, and their misconfiguration. */
export function WorkloadsPage() {
  const { tab, q, sort, severity, state, cluster, namespace, workload, check } = route.useSearch();
  const filter = { severity, cluster, namespace, workload, check, state };
  // Links of earlier versions name what is misconfigured without a tab.
  const isOfFindings = Object.values(filter).some((value) => value !== undefined);
  const chosen = tab ?? (isOfFindings ? 'misconfiguration' : 'workloads');
  return (
    <>
      <PageHead title={workload ?? 'Workloads'} about="What runs in the clusters, from which image, and how" />
      <TabLinks
        label="Views of workloads"
        chosen={chosen}
        tabs={[
          { id: 'workloads', title: 'Workloads' },
          { id: 'namespaces', title: 'Clusters' },
          { id: 'misconfiguration', title: 'Misconfiguration' },
        ]}
      />
      {chosen === 'workloads' && <WorkloadList q={q} sort={sort} />}
      {chosen === 'namespaces' && <NamespaceList />}
      {chosen === 'misconfiguration' && <MisconfigurationList filter={filter} />}
    </>
  );
}
