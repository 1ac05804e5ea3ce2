import { Link } from '@tanstack/react-router';

import { reachedContainers } from '../../api/lists.js';
import type { QueryOf, ReachedContainer } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { nameOf, shortDigest } from '../../parts/words.js';
import { WorkloadLink } from '../workloads/workload-link.js';

const columns = [
  column<ReachedContainer>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: ({ isRunning }) => <Stamp kind={isRunning ? 'good' : 'neutral'}>{isRunning ? 'running' : 'ended'}</Stamp>,
  }),
  column<ReachedContainer>({
    id: 'workload',
    title: 'Workload',
    kind: 'wide',
    isName: true,
    cell: ({ namespace, workloadKind, workload, pod, container, cluster }) => (
      // A pod or container that no workload owns has no page.
      <WorkloadLink
        place={{ cluster, namespace, kind: workload && workloadKind, name: workload ?? pod ?? container }}
      />
    ),
  }),
  column<ReachedContainer>({
    id: 'pod',
    title: 'Pod and container',
    cell: ({ pod, container }) => `${pod ?? ''} ${container ?? ''}`,
  }),
  column<ReachedContainer>({ id: 'node', title: 'Node', cell: ({ node }) => node }),
  column<ReachedContainer>({
    id: 'image',
    title: 'Image',
    cell: ({ digest, repository, tag }) => (
      <Link to="/images/$digest" params={{ digest }}>
        {repository === null ? `@${shortDigest(digest)}` : nameOf({ repository, tag })}
      </Link>
    ),
  }),
  column<ReachedContainer>({ id: 'since', title: 'Since', kind: 'when', cell: ({ since }) => <Moment at={since} /> }),
];

/** Containers that run a matching image or did. */
export function ContainerList({
  query: { limit: _, after: __, ...filter },
}: {
  query: QueryOf<'/api/v1/blast-radius'>;
}) {
  const source = reachedContainers(filter);
  const list = useLiveList(source);
  return (
    <Section title="Containers">
      <LiveTable label="Containers" list={list} columns={columns} keyOf={source.keyOf} empty={<p>None.</p>} />
    </Section>
  );
}
