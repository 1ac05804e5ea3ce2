import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { addView } from '../api/changes.js';
import type { View } from '../api/types.js';
import { notify } from './toasts.js';
import { useMe } from './use-me.js';

interface Props {
  list: View['list'];
  q: string;
  sort: string | undefined;
}

/** Saves the query of a list under a name. */
export function SaveView({ list, q, sort }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  if (!isOpen)
    return (
      <Button className="plain" onPress={() => setIsOpen(true)}>
        Save view
      </Button>
    );
  return <SaveForm list={list} q={q} sort={sort} done={() => setIsOpen(false)} />;
}

function SaveForm({ list, q, sort, done }: Props & { done: () => void }) {
  const id = useId();
  const client = useQueryClient();
  const { may } = useMe();
  const [name, setName] = useState('');
  const [isPinned, setIsPinned] = useState(true);
  const [isShared, setIsShared] = useState(false);
  const save = useMutation({
    mutationFn: () =>
      addView({ name, list, q, sort: sort ?? null, isPinned, visibility: isShared ? 'unlimited' : 'private' }),
    onSuccess: async (view) => {
      notify(isPinned ? `${view.name} is saved, and on Now` : `${view.name} is saved`);
      await client.invalidateQueries({ queryKey: ['views'] });
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="line" onSubmit={submit}>
      <span className="filter">
        <label htmlFor={id}>Name of the view</label>
        <input
          id={id}
          required
          autoFocus
          maxLength={100}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
      </span>
      <label className="check">
        <input type="checkbox" checked={isPinned} onChange={({ target }) => setIsPinned(target.checked)} />
        Pin to Now
      </label>
      {may('maintainer') && (
        <label className="check">
          <input type="checkbox" checked={isShared} onChange={({ target }) => setIsShared(target.checked)} />
          Share with accounts without limits
        </label>
      )}
      <Button type="submit" className="primary" isPending={save.isPending}>
        Save
      </Button>
      <Button className="plain" onPress={done}>
        Cancel
      </Button>
      {save.error && <span role="alert">{save.error.message}</span>}
    </form>
  );
}
