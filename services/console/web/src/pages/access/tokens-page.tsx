import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type AccessRole, roles } from '@tidewaiter/domain';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { addServiceAccount, changeServiceAccount, deleteServiceAccount, revokeToken } from '../../api/changes.js';
import { serviceAccounts, tokens } from '../../api/lists.js';
import type { ServiceAccount, Token } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { Moment } from '../../parts/moment.js';
import { PageHead, Section } from '../../parts/page.js';
import { EmptyState, Sample, Skeleton } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { notify } from '../../parts/toasts.js';
import { counted } from '../../parts/words.js';
import { SystemTabs } from '../system/system-tabs.js';
import { AdminOnly } from './admin-only.js';
import { ChangeableLimits } from './limits.js';
import { TokenForm } from './token-form.js';

const accountColumns = [
  column<ServiceAccount>({ id: 'name', title: 'Account', isName: true, cell: ({ name }) => name }),
  column<ServiceAccount>({ id: 'role', title: 'Role', kind: 'mark', cell: ({ role }) => role }),
  column<ServiceAccount>({ id: 'limits', title: 'Limited to', cell: (account) => <AccountLimits account={account} /> }),
  column<ServiceAccount>({
    id: 'since',
    title: 'Since',
    kind: 'when',
    cell: ({ createdAt }) => <Moment at={createdAt} />,
  }),
  column<ServiceAccount>({ id: 'token', title: 'New token', cell: (account) => <TokenForm account={account} /> }),
  column<ServiceAccount>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: ({ id, name }) => (
      <ActionButton
        run={() => deleteServiceAccount(id)}
        done={`${name} and its tokens are deleted`}
        changes={[['service-accounts'], ['tokens'], ['sessions']]}
        confirm={{ title: `Delete ${name}`, verb: 'Delete', effect: <AccountDeletion account={name} /> }}
        label={`Delete ${name} with its tokens`}
      >
        Delete
      </ActionButton>
    ),
  }),
];

const tokenColumns = [
  column<Token>({
    id: 'name',
    title: 'Token',
    isName: true,
    cell: ({ name, account, role }) => (
      <>
        {name}{' '}
        <small className="quiet">
          of {account}, {role}
        </small>
      </>
    ),
  }),
  column<Token>({ id: 'since', title: 'Since', kind: 'when', cell: ({ createdAt }) => <Moment at={createdAt} /> }),
  column<Token>({
    id: 'expires',
    title: 'Expires',
    kind: 'when',
    cell: ({ expiresAt }) => (expiresAt === null ? 'never' : <Moment at={expiresAt} />),
  }),
  column<Token>({
    id: 'used',
    title: 'Used',
    kind: 'when',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : <Moment at={lastUsedAt} />),
  }),
  column<Token>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: ({ id, name, account, lastUsedAt }) => (
      <ActionButton
        run={() => revokeToken(id)}
        done={`The token ${name} is revoked`}
        changes={[['tokens'], ['sessions']]}
        confirm={{
          title: `Revoke 1 token of ${account}`,
          verb: 'Revoke',
          effect: (
            <p>
              Programs that use {name} are refused from now on; it was used last:{' '}
              {lastUsedAt === null ? 'never' : <Moment at={lastUsedAt} />}.
            </p>
          ),
        }}
        label={`Revoke ${name} of ${account}`}
      >
        Revoke
      </ActionButton>
    ),
  }),
];

/** Service accounts and their tokens. */
export function TokensPage() {
  return (
    <>
      <PageHead title="Tokens" about="Programs call the API with a token of a service account" />
      <SystemTabs />
      <AdminOnly>
        <AccountForm />
        <Section title="Service accounts">
          <Accounts />
        </Section>
        <Section title="Tokens">
          <Tokens />
        </Section>
      </AdminOnly>
    </>
  );
}

function AccountDeletion({ account }: { account: string }) {
  const { rows, isPending, error } = useLiveList(tokens);
  const names = rows.filter((token) => token.account === account).map(({ name }) => name);
  if (isPending) return <Skeleton lines={2} />;
  if (error !== null) return <p role="alert">Its tokens could not be read: {error.message}</p>;
  if (names.length === 0) return <p>It has no token.</p>;
  return (
    <p>
      Programs with {counted(names.length, 'token')} of it are refused from now on: {names.join(', ')}.
    </p>
  );
}

function AccountLimits({ account: { id, name, role, scopes } }: { account: ServiceAccount }) {
  const save = async (next: ServiceAccount['scopes']) => changeServiceAccount(id, { scopes: next });
  return <ChangeableLimits role={role} account={{ name, scopes, save, list: 'service-accounts' }} />;
}

function Accounts() {
  return (
    <LiveTable
      label="Service accounts"
      list={useLiveList(serviceAccounts)}
      columns={accountColumns}
      keyOf={serviceAccounts.keyOf}
      empty={
        <EmptyState title="No service account">
          <p>Make one above for each program that calls the API, or on the machine of the platform:</p>
          <Sample>tidewaiter tokens create ci --role gate</Sample>
        </EmptyState>
      }
    />
  );
}

function Tokens() {
  return (
    <LiveTable
      label="Tokens"
      list={useLiveList(tokens)}
      columns={tokenColumns}
      keyOf={tokens.keyOf}
      empty={
        <EmptyState title="No token">
          <p>Make one at its service account.</p>
        </EmptyState>
      }
    />
  );
}

function AccountForm() {
  const id = useId();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<AccessRole>('gate');
  const add = useMutation({
    mutationFn: () => addServiceAccount({ name, role }),
    onSuccess: () => {
      notify(`The service account ${name} is made; make its token below`);
      setName('');
      return client.invalidateQueries({ queryKey: ['service-accounts'] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <details className="form">
      <summary>New service account</summary>
      <form onSubmit={submit}>
        <label htmlFor={`${id}name`}>Name</label>
        <input
          id={`${id}name`}
          required
          maxLength={100}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <label htmlFor={`${id}role`}>Role</label>
        <select
          id={`${id}role`}
          value={role}
          onChange={({ target }) => setRole(roles.find((each) => each === target.value)!)}
        >
          {roles.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <div className="actions">
          <Button type="submit" className="primary" isPending={add.isPending}>
            Make
          </Button>
        </div>
        <p role="alert">{add.error?.message}</p>
      </form>
    </details>
  );
}
