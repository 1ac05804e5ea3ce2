import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type AccessRole, roles } from '@tidewaiter/domain';

import { changeUser } from '../../api/changes.js';
import { users } from '../../api/lists.js';
import type { User } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { notify } from '../../parts/toasts.js';
import { useMe } from '../../parts/use-me.js';
import { SystemTabs } from '../system/system-tabs.js';
import { AdminOnly } from './admin-only.js';
import { ChangeableLimits, Limits } from './limits.js';

const columns = [
  column<User>({
    id: 'name',
    title: 'User',
    isName: true,
    cell: ({ name, email, issuer }) => (
      <>
        {name} <small className="quiet">{email ?? issuer}</small>
      </>
    ),
  }),
  column<User>({ id: 'role', title: 'Role', cell: (user) => <RoleSelect user={user} /> }),
  column<User>({ id: 'limits', title: 'Limited to', cell: (user) => <UserLimits user={user} /> }),
  column<User>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: ({ disabledAt, role }) => {
      if (disabledAt !== null) return <Stamp kind="broken">disabled</Stamp>;
      return role === null ? <Stamp kind="neutral">no role</Stamp> : <Stamp kind="good">active</Stamp>;
    },
  }),
  column<User>({
    id: 'signedIn',
    title: 'Last sign-in',
    kind: 'when',
    cell: ({ lastSignInAt }) => (lastSignInAt === null ? 'never' : <Moment at={lastSignInAt} />),
  }),
  column<User>({ id: 'action', title: 'Action', kind: 'act', cell: (user) => <DisableButton user={user} /> }),
];

/** Users with their roles. */
export function UsersPage() {
  return (
    <>
      <PageHead title="Users" about="Roles come from the groups of the identity provider, or are assigned here" />
      <SystemTabs />
      <AdminOnly>
        <UserTable />
      </AdminOnly>
    </>
  );
}

function UserTable() {
  return (
    <LiveTable
      label="Users"
      list={useLiveList(users)}
      columns={columns}
      keyOf={users.keyOf}
      empty={
        <EmptyState title="No user has signed in">
          <p>
            Users come with their first sign-in by OpenID Connect: <code>access.oidc</code> in{' '}
            <code>tidewaiter.yaml</code>.
          </p>
        </EmptyState>
      }
    />
  );
}

function RoleSelect({ user }: { user: User }) {
  const { id, name, groupRole, assignedRole, role } = user;
  const { name: own } = useMe();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (next: AccessRole | null) => changeUser(id, { role: next }),
    onSuccess: ({ role: now }) => notify(now === null ? `${name} has no role` : `${name} has the role ${now}`),
    onError: (error) => notify(error.message, true),
    onSettled: () => client.invalidateQueries({ queryKey: ['users'] }),
  });
  // One administrator must be left, so another one changes the own account.
  if (name === own) return <>{role}</>;
  return (
    <select
      aria-label={`Role of ${name}`}
      value={assignedRole ?? ''}
      disabled={change.isPending}
      onChange={({ target }) => change.mutate(roles.find((each) => each === target.value) ?? null)}
    >
      <option value="">{groupRole === null ? 'none by groups' : `${groupRole} by groups`}</option>
      {roles.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

/** Limits are those of a role: changing them assigns the role that the groups give. */
function UserLimits({ user: { id, name, role, assignedRole, scopes } }: { user: User }) {
  const { name: own } = useMe();
  if (name === own) return <Limits scopes={scopes} />;
  const save = async (next: User['scopes']) => changeUser(id, { role, scopes: next });
  const note =
    assignedRole === null && role !== null ? `This assigns the role ${role} in place of the groups.` : undefined;
  return <ChangeableLimits role={role} account={{ name, scopes, save, list: 'users', note }} />;
}

function DisableButton({ user: { id, name, disabledAt } }: { user: User }) {
  const { name: own } = useMe();
  if (name === own) return null;
  const isDisabled = disabledAt !== null;
  const verb = isDisabled ? 'Enable' : 'Disable';
  return (
    <ActionButton
      run={() => changeUser(id, { disabled: !isDisabled })}
      done={isDisabled ? `${name} may sign in` : `${name} may not sign in any more`}
      changes={[['users'], ['sessions'], ['assignees']]}
      label={`${verb} ${name}`}
    >
      {verb}
    </ActionButton>
  );
}
