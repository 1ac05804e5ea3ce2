import { useQuery } from '@tanstack/react-query';
import { type ClusterState, clusterState } from '@tidewaiter/domain';

import { removeCluster } from '../../api/changes.js';
import { clusters } from '../../api/queries.js';
import type { Cluster } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { Stamp, type StampKind } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState, Loaded, Sample } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { useMe } from '../../parts/use-me.js';
import { dotted, durationText, sizeText } from '../../parts/words.js';
import { JoinForm } from './join-cluster.js';
import { SystemTabs } from './system-tabs.js';

const stamps: Readonly<Record<ClusterState, StampKind>> = { invited: 'waiting', ok: 'good', silent: 'bad' };

const columns = [
  column<Cluster>({ id: 'name', title: 'Cluster', isName: true, cell: ({ name }) => name }),
  column<Cluster>({ id: 'agent', title: 'Agent', cell: (cluster) => <AgentState cluster={cluster} /> }),
  column<Cluster>({
    id: 'event',
    title: 'Last event',
    kind: 'when',
    cell: ({ lastEventAt }) => (lastEventAt === null ? 'none' : <Moment at={lastEventAt} />),
  }),
  column<Cluster>({ id: 'lag', title: 'Lag', cell: lagText }),
  column<Cluster>({ id: 'dropped', title: 'Dropped', cell: ({ dropped }) => droppedText(dropped) }),
  column<Cluster>({
    id: 'problems',
    title: 'Problems',
    cell: ({ problems }) =>
      Object.entries(problems)
        .map(([part, problem]) => `${part}: ${problem}`)
        .join(', ') || 'no problem',
  }),
];

const removal = column<Cluster>({
  id: 'action',
  title: 'Action',
  kind: 'act',
  cell: ({ name }) => (
    <ActionButton
      run={() => removeCluster(name)}
      done={`${name} is removed`}
      changes={[['clusters']]}
      confirm={{ title: `Remove ${name}`, verb: 'Remove', effect: removalEffect }}
      label={`Remove ${name}`}
    >
      Remove
    </ActionButton>
  ),
});

const removalEffect = (
  <ul>
    <li>Its agent is refused from now on, and carries out no more orders.</li>
    <li>Events that wait at the agent stay there until it joins again.</li>
    <li>What it has sent stays until its retention ends; Storage deletes it before.</li>
  </ul>
);

/** Clusters with their agents: what each reports, how one joins, and how it is removed. */
export function ClustersPage() {
  const { may } = useMe();
  const isAdmin = may('admin');
  return (
    <>
      <PageHead title="Clusters" about="One agent in each cluster sends its objects and events" />
      <SystemTabs />
      {isAdmin && <JoinForm />}
      <Loaded read={useQuery(clusters)}>
        {({ items }) =>
          items.length === 0 ? (
            <NoClusters />
          ) : (
            <DataTable
              label="Clusters"
              columns={isAdmin ? [...columns, removal] : columns}
              rows={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Loaded>
    </>
  );
}

function AgentState({ cluster }: { cluster: Cluster }) {
  const { agentVersion, joinExpiresAt } = cluster;
  const state = clusterState(cluster, Date.now());
  return (
    <>
      <Stamp kind={stamps[state]}>{state}</Stamp>{' '}
      <small className="quiet">
        {state === 'invited' && joinExpiresAt !== null ? (
          <>
            until <Moment at={joinExpiresAt} />
          </>
        ) : (
          agentVersion
        )}
      </small>
    </>
  );
}

function lagText({ joinedAt, lagMs, waitingBytes }: Cluster): string {
  if (joinedAt === null) return '–';
  const seconds = Math.round(lagMs / 1_000);
  if (seconds === 0) return 'up to date';
  return dotted(`${durationText(seconds)} behind`, waitingBytes > 0 && `${sizeText(waitingBytes)} wait`);
}

function droppedText(dropped: Cluster['dropped']): string {
  const parts = Object.entries(dropped).map(([source, events]) => `${events.toLocaleString('en')} of ${source}`);
  return parts.length === 0 ? 'nothing dropped' : `${parts.join(', ')} dropped`;
}

function NoClusters() {
  return (
    <EmptyState title="No cluster has joined">
      <p>An administrator makes a join token here, or on the machine of the platform:</p>
      <Sample>tidewaiter clusters join eu1</Sample>
    </EmptyState>
  );
}
