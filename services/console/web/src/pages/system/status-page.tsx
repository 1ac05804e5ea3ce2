import { useQuery } from '@tanstack/react-query';

import { status } from '../../api/queries.js';
import type { Status } from '../../api/types.js';
import { Figure, Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead, Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { durationText } from '../../parts/words.js';
import { SystemTabs } from './system-tabs.js';

type Service = Status['configuration'][number];
type Queue = Status['queues'][number];

const serviceColumns = [
  column<Service>({ id: 'service', title: 'Service', isName: true, cell: ({ service }) => service }),
  column<Service>({
    id: 'instance',
    title: 'Instance',
    cell: ({ instance }) => <span className="mono">{instance}</span>,
  }),
  column<Service>({
    id: 'configuration',
    title: 'Configuration',
    cell: ({ error }) =>
      error === null ? (
        <Stamp kind="good">in use</Stamp>
      ) : (
        <>
          <Stamp kind="bad">last good one in use</Stamp>{' '}
          <small className="quiet">
            {error.code}: {error.message}
          </small>
        </>
      ),
  }),
  column<Service>({ id: 'loaded', title: 'Loaded', kind: 'when', cell: ({ loadedAt }) => <Moment at={loadedAt} /> }),
];

const queueColumns = [
  column<Queue>({ id: 'queue', title: 'Queue', isName: true, cell: ({ queue }) => queue }),
  column<Queue>({ id: 'queued', title: 'Queued', kind: 'number', cell: ({ queued }) => queued }),
  column<Queue>({ id: 'running', title: 'Running', kind: 'number', cell: ({ running }) => running }),
  column<Queue>({
    id: 'oldest',
    title: 'Oldest',
    kind: 'number',
    cell: ({ queued, oldestSeconds }) => (queued === 0 || oldestSeconds === 0 ? '–' : durationText(oldestSeconds)),
  }),
];

/** Whether Tidewaiter works: services, queues, pushes by state. */
export function StatusPage() {
  return (
    <>
      <PageHead title="System" about="Whether Tidewaiter works and keeps up" />
      <SystemTabs />
      <Loaded read={useQuery(status)}>{(known) => <Health status={known} />}</Loaded>
    </>
  );
}

function Health({ status: { pushes, queues, configuration, admission, advisories } }: { status: Status }) {
  return (
    <>
      <dl className="figures">
        {Object.entries(pushes).map(([state, count]) => (
          <Figure key={state} value={count.toLocaleString('en')}>
            {state === 'dead-lettered' ? 'analysis failed' : `pushes ${state}`}
          </Figure>
        ))}
        <Figure value={advisories.advisories.toLocaleString('en')}>advisories</Figure>
        <Figure value={admission.allowedUnscanned}>admitted unscanned</Figure>
      </dl>
      <Section title="Services" note={configuration.length}>
        <DataTable
          label="Services"
          columns={serviceColumns}
          rows={configuration}
          keyOf={({ service, instance }) => `${service} ${instance}`}
        />
      </Section>
      <Section title="Queues">
        {queues.length === 0 ? (
          <p>Nothing is queued or running.</p>
        ) : (
          <DataTable label="Queues" columns={queueColumns} rows={queues} keyOf={({ queue }) => queue} />
        )}
      </Section>
    </>
  );
}
