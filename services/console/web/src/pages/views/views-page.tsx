import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { deleteView, replaceView } from '../../api/changes.js';
import { views } from '../../api/lists.js';
import type { View } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { PageHead, Section } from '../../parts/page.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { type Column, column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { useMe } from '../../parts/use-me.js';
import { totalText, ViewName } from './view-name.js';

/** Keys of the queries that a change of a view makes stale. */
export const viewQueries = [['views']] as const;

const visibilityWords: Record<View['visibility'], string> = {
  private: 'only me',
  unlimited: 'accounts without limits',
  everyone: 'everyone',
};

/** Saved views: own ones and shared ones, with their counts. */
export function ViewsPage() {
  const [changedId, setChangedId] = useState<string | null>(null);
  const list = useLiveList(views);
  const changed = list.rows.find(({ id }) => id === changedId);
  const columns: Column<View>[] = [
    column<View>({ id: 'name', title: 'Name', isName: true, cell: (view) => <ViewName view={view} /> }),
    column<View>({ id: 'list', title: 'List', cell: ({ list }) => list }),
    column<View>({ id: 'q', title: 'Query', cell: ({ q }) => <code className="wrap">{q}</code> }),
    column<View>({ id: 'rows', title: 'Rows', kind: 'number', cell: totalText }),
    column<View>({
      id: 'seen',
      title: 'Seen by',
      cell: ({ visibility, isOwn, owner }) => (
        <>
          {visibilityWords[visibility]} {!isOwn && <small className="quiet">by {owner}</small>}
        </>
      ),
    }),
    column<View>({
      id: 'notifies',
      title: 'Notifies',
      cell: ({ receiver, watchProblem }) =>
        receiver !== null && (
          <>
            {receiver} {watchProblem !== null && <small className="block">Not now: {watchProblem}</small>}
          </>
        ),
    }),
    column<View>({
      id: 'action',
      title: 'Action',
      kind: 'act two',
      cell: (view) => view.mayChange && <Actions view={view} change={() => setChangedId(view.id)} />,
    }),
  ];
  return (
    <>
      <PageHead title="Saved views" about="Queries of lists under a name; pinned ones are on Now with their count" />
      {changed && (
        <Section title={`Change ${changed.name}`}>
          <ViewForm key={changed.id} view={changed} done={() => setChangedId(null)} />
        </Section>
      )}
      <LiveTable
        label="Saved views"
        list={list}
        columns={columns}
        keyOf={views.keyOf}
        empty={
          <EmptyState title="No saved view">
            <p>Filter any list, and choose Save view beside its export. Or on the command line:</p>
            <Sample>tidewaiter views save 'failed in shop' pushes 'verdict=fail repository=shop/*' --pin</Sample>
          </EmptyState>
        }
      />
    </>
  );
}

function Actions({ view, change }: { view: View; change: () => void }) {
  const { id, name, isPinned } = view;
  return (
    <span className="actions">
      <ActionButton
        run={() => replaceView(id, { ...bodyOf(view), isPinned: !isPinned })}
        done={isPinned ? `${name} is no longer on Now` : `${name} is on Now`}
        changes={viewQueries}
        label={`${isPinned ? 'Unpin' : 'Pin'} ${name}`}
      >
        {isPinned ? 'Unpin' : 'Pin'}
      </ActionButton>
      <Button className="button" aria-label={`Change ${name}`} onPress={change}>
        Change
      </Button>
    </span>
  );
}

function Deletion({ view: { id, name } }: { view: View }) {
  return (
    <ActionButton
      run={() => deleteView(id)}
      done={`${name} is deleted`}
      changes={viewQueries}
      confirm={{
        title: 'Delete 1 saved view',
        verb: 'Delete',
        effect: <p>{name} goes from this list and from Now for everyone who sees it, and notifies of nothing more.</p>,
      }}
      label={`Delete ${name}`}
    >
      Delete
    </ActionButton>
  );
}

function bodyOf({ name, list, q, sort, visibility, isPinned, receiver }: View) {
  return { name, list, q, sort, visibility, isPinned, receiver };
}

function ViewForm({ view, done }: { view: View; done: () => void }) {
  const id = useId();
  const client = useQueryClient();
  const { may } = useMe();
  const [name, setName] = useState(view.name);
  const [visibility, setVisibility] = useState(view.visibility);
  const [receiver, setReceiver] = useState(view.receiver ?? '');
  const save = useMutation({
    mutationFn: () =>
      replaceView(view.id, { ...bodyOf(view), name, visibility, receiver: receiver === '' ? null : receiver }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['views'] });
      done();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      <label htmlFor={`${id}name`}>Name</label>
      <input id={`${id}name`} required maxLength={100} value={name} onChange={({ target }) => setName(target.value)} />
      {may('responder') && (
        <>
          <label htmlFor={`${id}receiver`}>Receiver of new rows</label>
          <input
            id={`${id}receiver`}
            maxLength={200}
            value={receiver}
            placeholder="a receiver of the routing; empty for none"
            aria-describedby={`${id}about`}
            onChange={({ target }) => setReceiver(target.value)}
          />
          <p id={`${id}about`} className="quiet">
            It gets a message when the view has rows that it did not have in the last week, of what {view.owner} may
            see.
          </p>
        </>
      )}
      {may('maintainer') && (
        <>
          <label htmlFor={`${id}seen`}>Seen by</label>
          <select
            id={`${id}seen`}
            value={visibility}
            onChange={({ target }) => setVisibility(target.value as View['visibility'])}
          >
            {Object.entries(visibilityWords).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </>
      )}
      <div className="actions">
        <Button type="submit" className="primary" isPending={save.isPending}>
          Save
        </Button>
        <Button className="plain" onPress={done}>
          Cancel
        </Button>
        <Deletion view={view} />
      </div>
      <div role="alert">{save.error?.message}</div>
    </form>
  );
}
