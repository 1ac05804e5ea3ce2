import { type AccessRole, limitableRoles } from '@tidewaiter/domain';
import { useState } from 'react';
import { Button } from 'react-aria-components/Button';

import type { User } from '../../api/types.js';
import { dialogLater } from '../../parts/later.js';
import type { LimitedAccount } from './limits-dialog.js';

const LimitsDialog = dialogLater(async () => (await import('./limits-dialog.js')).LimitsDialog);

/** Limits of an account: each line is one that suffices. */
export function Limits({ scopes }: { scopes: User['scopes'] }) {
  if (scopes === null) return <span className="quiet">everything</span>;
  if (scopes.length === 0) return <>nothing</>;
  return (
    <ul className="plain-list">
      {scopes.map((scope) => {
        const text = limitText(scope);
        return <li key={text}>{text}</li>;
      })}
    </ul>
  );
}

/** Limits of an account with a way to change them, unless its role can have none. */
export function ChangeableLimits({ account, role }: { account: LimitedAccount; role: AccessRole | null }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Limits scopes={account.scopes} />{' '}
      {role !== null && limitableRoles.includes(role) && (
        <Button className="plain" aria-label={`Change limits of ${account.name}`} onPress={() => setIsOpen(true)}>
          Change
        </Button>
      )}
      {isOpen && <LimitsDialog account={account} close={() => setIsOpen(false)} />}
    </>
  );
}

function limitText(scope: NonNullable<User['scopes']>[number]): string {
  const parts = Object.entries(scope).flatMap(([name, values]) =>
    values.length === 0 ? [] : [`${name}: ${values.join(', ')}`],
  );
  return parts.join('; ');
}
