import { Link, useSearch } from '@tanstack/react-router';
import type { EntryKind } from '@tidewaiter/domain';
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';

import { checkRegistry, removeEntry, sendReport } from '../../api/changes.js';
import { entries } from '../../api/lists.js';
import type { Entry } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { ExportLinks } from '../../parts/export-links.js';
import { useSearchChange } from '../../parts/filters.js';
import { later } from '../../parts/later.js';
import { Stamp, type StampKind } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead, Section } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { type Column, column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { useMe } from '../../parts/use-me.js';
import { entryPages, entryTitle } from './entry-kinds.js';
import { textOf } from './entry-values.js';

const EntryForm = later(async () => (await import('./entry-form.js')).EntryForm);
const EntryHistory = later(async () => (await import('./entry-history.js')).EntryHistory);

const stamps: Record<Entry['state'], StampKind> = { active: 'good', expired: 'neutral', overridden: 'broken' };

/** Entries of one kind: those of `tidewaiter.yaml`, to read, and managed ones, to change. */
export function EntriesPage({ kind, tabs }: { kind: EntryKind; tabs: ReactNode }) {
  const { q = '', name, edit } = useSearch({ strict: false });
  const change = useSearchChange('replace');
  const { may } = useMe();
  const { title, about, fields } = entryPages[kind];
  const source = entries(kind, { q });
  const list = useLiveList(source);
  const chosen = list.rows.find((row) => row.name === name && row.source === 'managed') ?? null;
  const close = () => change({ name: undefined, edit: undefined });
  const isNew = edit === 'new';
  // A link from a finding starts a form with what it is about.
  const address = new URLSearchParams(location.search);
  const start = Object.fromEntries(
    fields.flatMap(({ path }) => (address.has(path) ? [[path, address.get(path)]] : [])),
  );
  return (
    <>
      <PageHead
        title={title}
        about={about}
        actions={
          may('maintainer') && (
            <Button className="primary" onPress={() => change({ edit: 'new', name: undefined })}>
              {entryTitle(kind, null)}
            </Button>
          )
        }
      />
      {tabs}
      {isNew && (
        <Section title={entryTitle(kind, null)}>
          <EntryForm kind={kind} entry={null} start={start} done={close} />
        </Section>
      )}
      {name !== undefined && !isNew && (
        <Section title={entryTitle(kind, name)}>
          {chosen && may('maintainer') && (
            <EntryForm key={`${name} ${chosen.version}`} kind={kind} entry={chosen} done={close} />
          )}
          <EntryHistory kind={kind} name={name} />
        </Section>
      )}
      <div className="filters">
        <QueryBox list={kind} value={q === '' ? undefined : q} placeholder="source=managed" />
        <ExportLinks list={kind} q={q} sort={undefined} />
      </div>
      <LiveTable
        label={title}
        list={list}
        columns={columnsOf(kind, may('maintainer') ? (deleted) => change({ name: deleted, edit: undefined }) : null)}
        keyOf={source.keyOf}
        selected={chosen ? source.keyOf(chosen) : undefined}
        empty={
          <EmptyState title={`No ${title.toLowerCase()}`}>
            <p>
              Add one here, with <code>tidewaiter {kind} add</code>, or under <code>{kind}:</code> in{' '}
              <code>tidewaiter.yaml</code>.
            </p>
            {kind === 'reports' && (
              <p>
                <Link to="/report">See what a report has</Link>
              </p>
            )}
            {kind === 'registries' && (
              <p>
                <Link to="/start">Connect the first one step by step</Link>
              </p>
            )}
          </EmptyState>
        }
      />
    </>
  );
}

/** @param deleted called after a deletion; null for users who may not delete */
function columnsOf(kind: EntryKind, deleted: ((name: string) => void) | null): Column<Entry>[] {
  const { shown, fields } = entryPages[kind];
  const fieldOf = (path: string) => fields.find((field) => field.path === path)!;
  return [
    column<Entry>({
      id: 'state',
      title: 'State',
      kind: 'mark',
      cell: ({ state }) => <Stamp kind={stamps[state]}>{state}</Stamp>,
    }),
    column<Entry>({ id: 'name', title: 'Name', isName: true, cell: (entry) => <NameCell kind={kind} entry={entry} /> }),
    ...shown.map(([path, heading]) =>
      column<Entry>({
        id: path,
        title: heading,
        cell: ({ document }) => textOf(fieldOf(path), document).replaceAll('\n', ', '),
      }),
    ),
    ...(kind in lastSeenTitles ? [lastSeen(kind)] : []),
    column<Entry>({ id: 'source', title: 'Configured', cell: (entry) => <SourceCell entry={entry} /> }),
    ...(deleted && kind === 'registries' ? [connectionTest] : []),
    ...(deleted && kind === 'reports' ? [sending] : []),
    ...(deleted ? [removal(kind, deleted)] : []),
  ];
}

function NameCell({ kind, entry: { name, source, document } }: { kind: EntryKind; entry: Entry }) {
  const { reason } = document;
  const shown = kind === 'exceptions' && typeof reason === 'string' && <small className="quiet">{reason}</small>;
  if (source === 'file')
    return (
      <>
        {name} {shown}
      </>
    );
  return (
    <>
      <Link to="." search={((before: object) => ({ ...before, name, edit: undefined })) as never}>
        {name}
      </Link>{' '}
      {shown}
    </>
  );
}

function SourceCell({ entry: { source, line, version, author, changedAt, state } }: { entry: Entry }) {
  if (source === 'file')
    return (
      <>
        <code>tidewaiter.yaml:{line}</code> <small className="quiet">read-only</small>
      </>
    );
  return (
    <>
      version {version} by {author} {changedAt !== null && <Moment at={changedAt} />}
      {state === 'overridden' && <small className="quiet"> tidewaiter.yaml has this name, and wins</small>}
    </>
  );
}

const lastSeenTitles: Partial<Record<EntryKind, string>> = {
  sensors: 'Last event',
  registries: 'Last reconciled',
  reports: 'Last sent',
};

function lastSeen(kind: EntryKind): Column<Entry> {
  return column<Entry>({
    id: 'seen',
    title: lastSeenTitles[kind] ?? '',
    kind: 'when',
    cell: ({ lastSeenAt }) => (lastSeenAt === null ? <span className="quiet">never</span> : <Moment at={lastSeenAt} />),
  });
}

const connectionTest = column<Entry>({
  id: 'connection',
  title: 'Connection',
  kind: 'act',
  cell: ({ name }) => (
    <ActionButton
      run={() => checkRegistry(name)}
      done={({ text }) => text}
      changes={[]}
      label={`Test the connection to ${name}`}
    >
      Test
    </ActionButton>
  ),
});

const sending = column<Entry>({
  id: 'send',
  title: 'Out of turn',
  kind: 'act',
  cell: ({ name }) => (
    <ActionButton
      run={() => sendReport(name)}
      done={`${name} is made and sent within seconds`}
      changes={[['report-runs']]}
      label={`Send ${name} now`}
    >
      Send
    </ActionButton>
  ),
});

function removal(kind: EntryKind, deleted: (name: string) => void): Column<Entry> {
  return column<Entry>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: ({ name, source, version }) =>
      source === 'managed' &&
      version !== null && (
        <ActionButton
          run={() => removeEntry(kind, name, version)}
          done={() => {
            deleted(name);
            return `${name} is deleted; its versions can bring it back`;
          }}
          changes={[['entries', kind]]}
          label={`Delete ${name}`}
        >
          Delete
        </ActionButton>
      ),
  });
}
