import { useQuery } from '@tanstack/react-query';

import { storage } from '../../api/queries.js';
import type { StoredTable } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { PageHead, Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { useMe } from '../../parts/use-me.js';
import { sizeText } from '../../parts/words.js';
import { DataDeletion } from './data-deletion.js';
import { SystemTabs } from './system-tabs.js';

interface KindSize {
  kind: StoredTable['kind'];
  bytes: number;
  indexBytes: number;
  due: number;
}

const kindColumns = [
  column<KindSize>({ id: 'kind', title: 'Records', isName: true, cell: ({ kind }) => kind }),
  column<KindSize>({ id: 'size', title: 'Size', kind: 'number', cell: ({ bytes }) => sizeText(bytes) }),
  column<KindSize>({
    id: 'indexes',
    title: 'Indexes',
    kind: 'number',
    cell: ({ indexBytes }) => sizeText(indexBytes),
  }),
  column<KindSize>({
    id: 'due',
    title: 'Next run deletes',
    kind: 'number',
    cell: ({ due }) => due.toLocaleString('en'),
  }),
];

const tableColumns = [
  column<StoredTable>({
    id: 'table',
    title: 'Table',
    isName: true,
    cell: ({ table }) => <span className="mono">{table}</span>,
  }),
  column<StoredTable>({ id: 'size', title: 'Size', kind: 'number', cell: ({ bytes }) => sizeText(bytes) }),
  column<StoredTable>({
    id: 'rows',
    title: 'Rows',
    kind: 'number',
    cell: ({ rows }) => rows?.toLocaleString('en') ?? '–',
  }),
  column<StoredTable>({
    id: 'oldest',
    title: 'Oldest',
    kind: 'when',
    cell: ({ oldest }) => (oldest === null ? '–' : <Moment at={oldest} />),
  }),
  column<StoredTable>({
    id: 'rule',
    title: 'Is deleted',
    cell: ({ rule: { text, variable } }) => (
      <>
        {text} {variable !== null && <small className="quiet">{variable}</small>}
      </>
    ),
  }),
  column<StoredTable>({
    id: 'due',
    title: 'Next run deletes',
    kind: 'number',
    cell: ({ due }) => due?.toLocaleString('en') ?? '–',
  }),
];

/** Size of the database by kind and table, what is deleted when, and the deletion of data. */
export function StoragePage() {
  const { may } = useMe();
  const read = useQuery(storage);
  return (
    <>
      <PageHead title="Storage" about="What takes the space, and what is deleted when" />
      <SystemTabs />
      <Loaded read={read}>{({ bytes, tables }) => <Kinds bytes={bytes} tables={tables} />}</Loaded>
      {may('admin') && <DataDeletion />}
      {read.data && (
        <Section title="Tables" note={read.data.tables.length}>
          <DataTable label="Tables" columns={tableColumns} rows={read.data.tables} keyOf={({ table }) => table} />
        </Section>
      )}
    </>
  );
}

function Kinds({ bytes, tables }: { bytes: number; tables: readonly StoredTable[] }) {
  const kinds = [...Map.groupBy(tables, ({ kind }) => kind)].map(([kind, group]): KindSize => {
    const sum = (value: (table: StoredTable) => number) => group.reduce((total, table) => total + value(table), 0);
    return {
      ...{ kind, bytes: sum((table) => table.bytes), indexBytes: sum((table) => table.indexBytes) },
      due: sum(({ due }) => due ?? 0),
    };
  });
  kinds.sort((a, b) => b.bytes - a.bytes);
  return (
    <Section title="Kinds of records" note={sizeText(bytes)}>
      <DataTable label="Kinds of records" columns={kindColumns} rows={kinds} keyOf={({ kind }) => kind} />
    </Section>
  );
}
