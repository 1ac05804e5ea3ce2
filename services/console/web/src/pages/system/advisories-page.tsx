import { useQuery } from '@tanstack/react-query';

import { status } from '../../api/queries.js';
import type { Status } from '../../api/types.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead, Section } from '../../parts/page.js';
import { EmptyState, Loaded, Sample } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { SystemTabs } from './system-tabs.js';

type Feed = Status['advisories']['feeds'][number];
type Age = Status['advisories']['ages'][number];

const feedColumns = [
  column<Feed>({
    id: 'name',
    title: 'Source',
    isName: true,
    cell: ({ name, origin }) => (
      <>
        {name} <small className="quiet">{origin}</small>
      </>
    ),
  }),
  column<Feed>({
    id: 'records',
    title: 'Records',
    kind: 'number',
    cell: ({ records }) => records.toLocaleString('en'),
  }),
  column<Feed>({ id: 'rejected', title: 'Rejected', kind: 'number', cell: ({ rejected }) => rejected }),
  column<Feed>({ id: 'asOf', title: 'Published until', kind: 'when', cell: ({ asOf }) => <Moment at={asOf} /> }),
  column<Feed>({ id: 'checkedAt', title: 'Checked', kind: 'when', cell: ({ checkedAt }) => <Moment at={checkedAt} /> }),
];

/** Sources of advisories and the age of their data: a verdict is only as good as they are. */
export function AdvisoriesPage() {
  return (
    <>
      <PageHead title="Advisories" about="A verdict is only as good as the data that it was made with" />
      <SystemTabs />
      <Loaded read={useQuery(status)}>
        {({ advisories }) => (advisories.advisories === 0 ? <NoAdvisories /> : <Data advisories={advisories} />)}
      </Loaded>
    </>
  );
}

function Data({ advisories: { feeds, ages, ecosystems } }: { advisories: Status['advisories'] }) {
  const packages = new Map(ecosystems.map(({ ecosystem, packages: count }) => [ecosystem, count]));
  const ageColumns = [
    column<Age>({
      id: 'state',
      title: 'State',
      kind: 'mark',
      cell: ({ isStale }) => <Stamp kind={isStale ? 'bad' : 'good'}>{isStale ? 'stale' : 'current'}</Stamp>,
    }),
    column<Age>({ id: 'ecosystem', title: 'Ecosystem', isName: true, cell: ({ ecosystem }) => ecosystem }),
    column<Age>({ id: 'source', title: 'Source', cell: ({ source }) => source }),
    column<Age>({
      id: 'packages',
      title: 'Packages',
      kind: 'number',
      cell: ({ ecosystem }) => packages.get(ecosystem)?.toLocaleString('en'),
    }),
    column<Age>({ id: 'asOf', title: 'Data of', kind: 'when', cell: ({ asOf }) => <Moment at={asOf} /> }),
  ];
  return (
    <>
      <Section title="Ecosystems" note={ages.length}>
        <DataTable
          label="Ecosystems"
          columns={ageColumns}
          rows={ages}
          keyOf={({ ecosystem, source }) => `${ecosystem} ${source}`}
        />
      </Section>
      <Section title="Sources" note={feeds.length}>
        <DataTable
          label="Sources"
          columns={feedColumns}
          rows={feeds}
          keyOf={({ name, origin }) => `${name} ${origin}`}
        />
      </Section>
    </>
  );
}

function NoAdvisories() {
  return (
    <EmptyState title="No advisories: images cannot be evaluated">
      <p>The scanner fetches them from the sources in tidewaiter.yaml. Without a network, import a folder:</p>
      <Sample>tidewaiter advisories import FOLDER</Sample>
    </EmptyState>
  );
}
