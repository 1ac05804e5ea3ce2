import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { previewRemoval, type RemovalTarget, requestRemoval } from '../../api/changes.js';
import { removals } from '../../api/queries.js';
import type { Removal } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { dotted } from '../../parts/words.js';

type Counts = Readonly<Record<string, number>>;

const columns = [
  column<Removal>({
    id: 'of',
    title: 'Data of',
    isName: true,
    cell: ({ kind, connection, name }) => (
      <>
        {name} <small className="quiet">{dotted(kind, connection)}</small>
      </>
    ),
  }),
  column<Removal>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: ({ state }) => <Stamp kind={state === 'done' ? 'good' : 'waiting'}>{state}</Stamp>,
  }),
  column<Removal>({ id: 'deleted', title: 'Deleted', cell: ({ deleted }) => countsText(deleted) }),
  column<Removal>({ id: 'kept', title: 'In use', cell: ({ kept }) => countsText(kept) }),
  column<Removal>({
    id: 'since',
    title: 'Requested',
    kind: 'when',
    cell: ({ requestedAt }) => <Moment at={requestedAt} />,
  }),
];

/** Deletes the data of a repository or a cluster, after a preview, and lists such deletions. */
export function DataDeletion() {
  return (
    <Section title="Delete data">
      <DeletionForm />
      <Loaded read={useQuery(removals)}>
        {({ items }) =>
          items.length === 0 ? (
            <p>No data of a repository or a cluster was deleted.</p>
          ) : (
            <DataTable label="Deletions" columns={columns} rows={items} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </Section>
  );
}

function DeletionForm() {
  const id = useId();
  const [kind, setKind] = useState<RemovalTarget['kind']>('repository');
  const [connection, setConnection] = useState('');
  const [name, setName] = useState('');
  const target: RemovalTarget = kind === 'repository' ? { kind, connection, name } : { kind, name };
  const preview = useMutation({ mutationFn: async () => ({ target, ...(await previewRemoval(target)) }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    preview.mutate();
  };
  const change = (set: (value: string) => void) => (value: string) => {
    // The counts belong to the target of before.
    preview.reset();
    set(value);
  };
  return (
    <details className="form">
      <summary>Delete the data of a repository or a cluster</summary>
      <form onSubmit={submit}>
        <label htmlFor={`${id}kind`}>Of a</label>
        <select
          id={`${id}kind`}
          value={kind}
          onChange={({ target: { value } }) =>
            change(() => setKind(value === 'cluster' ? 'cluster' : 'repository'))(value)
          }
        >
          <option>repository</option>
          <option>cluster</option>
        </select>
        {kind === 'repository' && (
          <Field id={`${id}connection`} label="Registry" value={connection} onChange={change(setConnection)} />
        )}
        <Field id={`${id}name`} label="Name" value={name} onChange={change(setName)} />
        <div className="actions">
          <Button type="submit" className="button" isPending={preview.isPending}>
            Preview
          </Button>
          {preview.data && (
            <ActionButton
              run={() => requestRemoval(preview.data.target).then(() => preview.reset())}
              done={`The data of ${name} is deleted in the background`}
              changes={[['removals']]}
              confirm={{
                title: `Delete the data of ${name}`,
                verb: 'Delete',
                effect: <p>{previewText(preview.data)}</p>,
              }}
              kind="primary"
            >
              Delete
            </ActionButton>
          )}
        </div>
        <p role="status">{preview.data && previewText(preview.data)}</p>
        <p role="alert">{preview.error?.message}</p>
      </form>
    </details>
  );
}

interface FieldProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
}

function Field({ id, label, value, onChange }: FieldProps) {
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <input id={id} required maxLength={500} value={value} onChange={({ target }) => onChange(target.value)} />
    </>
  );
}

function previewText({ deleted, kept }: { deleted: Counts; kept: Counts }): string {
  return `Deletes ${countsText(deleted)}. Keeps ${countsText(kept)}.`;
}

function countsText(counts: Counts): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.map(([name, count]) => `${count.toLocaleString('en')} ${name}`).join(', ') || 'nothing';
}
