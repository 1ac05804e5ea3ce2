import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { addToken } from '../../api/changes.js';
import type { ServiceAccount } from '../../api/types.js';

const dayMs = 24 * 3_600_000;
const lives = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', '1 year'],
  ['', 'no end'],
] as const;

/** Makes a token of an account, and shows it once. */
export function TokenForm({ account: { id: account, name } }: { account: ServiceAccount }) {
  const id = useId();
  const client = useQueryClient();
  const [days, setDays] = useState('90');
  const add = useMutation({
    mutationFn: () =>
      addToken(account, days === '' ? {} : { expiresAt: new Date(Date.now() + Number(days) * dayMs).toISOString() }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  });
  if (add.data)
    return (
      <span className="block" role="status">
        <strong>Copy it now, it is not shown again:</strong> <code className="wrap">{add.data.token}</code>{' '}
        <Button className="plain" onPress={() => add.reset()}>
          Done
        </Button>
      </span>
    );
  return (
    <span className="line">
      <label htmlFor={id} className="quiet">
        For
      </label>
      <select id={id} value={days} onChange={({ target }) => setDays(target.value)}>
        {lives.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <Button
        className="button"
        aria-label={`Make a token of ${name}`}
        isPending={add.isPending}
        onPress={() => add.mutate()}
      >
        Make a token
      </Button>
      {add.error && <span role="alert">{add.error.message}</span>}
    </span>
  );
}
