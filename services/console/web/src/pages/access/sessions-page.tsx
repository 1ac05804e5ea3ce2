import { endSession } from '../../api/changes.js';
import { sessions } from '../../api/lists.js';
import type { Session } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { SystemTabs } from '../system/system-tabs.js';
import { AdminOnly } from './admin-only.js';

const columns = [
  column<Session>({
    id: 'name',
    title: 'Of',
    isName: true,
    cell: ({ name, kind, role }) => (
      <>
        {name}{' '}
        <small className="quiet">
          {kind}, {role}
        </small>
      </>
    ),
  }),
  column<Session>({
    id: 'from',
    title: 'From',
    cell: ({ address, userAgent }) => (
      <>
        {address} <small className="quiet">{userAgent}</small>
      </>
    ),
  }),
  column<Session>({ id: 'since', title: 'Since', kind: 'when', cell: ({ createdAt }) => <Moment at={createdAt} /> }),
  column<Session>({ id: 'used', title: 'Used', kind: 'when', cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} /> }),
  column<Session>({ id: 'ends', title: 'Ends', kind: 'when', cell: ({ expiresAt }) => <Moment at={expiresAt} /> }),
  column<Session>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: ({ id, name, address }) => (
      <ActionButton
        run={() => endSession(id)}
        done={`The session of ${name} is over`}
        changes={[['sessions']]}
        confirm={{
          title: `End 1 session of ${name}`,
          verb: 'End',
          effect: <p>The browser at {address} is signed out at once, and has to sign in again.</p>,
        }}
        label={`End the session of ${name} from ${address}`}
      >
        End
      </ActionButton>
    ),
  }),
];

/** Live sessions of browsers. */
export function SessionsPage() {
  return (
    <>
      <PageHead title="Sessions" about="Browsers that are signed in now" />
      <SystemTabs />
      <AdminOnly>
        <SessionTable />
      </AdminOnly>
    </>
  );
}

function SessionTable() {
  return (
    <LiveTable
      label="Sessions"
      list={useLiveList(sessions)}
      columns={columns}
      keyOf={sessions.keyOf}
      empty={<EmptyState title="Nobody is signed in" />}
    />
  );
}
