import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';

import { expireSilence, undoSilence } from '../../api/changes.js';
import { silences } from '../../api/lists.js';
import { silence } from '../../api/queries.js';
import type { Silence } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect, useSearchChange } from '../../parts/filters.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead, Section } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState, Loaded, Sample } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { useMe } from '../../parts/use-me.js';
import { PolicyTabs } from './policy-tabs.js';
import { NewSilence, SilenceForm } from './silence-form.js';
import { SilenceHistory } from './silence-history.js';
import { silenceState } from './silence-state.js';

const route = getRouteApi('/policies/silences');

const stamps = { active: 'waiting', pending: 'neutral', ended: 'neutral' } as const;

const columns = [
  column<Silence>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: (row) => {
      const state = silenceState(row, Date.now());
      return <Stamp kind={stamps[state]}>{state}</Stamp>;
    },
  }),
  column<Silence>({
    id: 'matchers',
    title: 'Matchers',
    isName: true,
    cell: ({ id, matchers, comment }) => (
      <>
        <Link to="." search={((before: object) => ({ ...before, id })) as never} className="mono wrap">
          {matchers.join(' ')}
        </Link>{' '}
        <small className="quiet">{comment}</small>
      </>
    ),
  }),
  column<Silence>({ id: 'by', title: 'Made by', cell: ({ createdBy }) => createdBy }),
  column<Silence>({ id: 'starts', title: 'Starts', kind: 'when', cell: ({ startsAt }) => <Moment at={startsAt} /> }),
  column<Silence>({ id: 'ends', title: 'Ends', kind: 'when', cell: ({ endsAt }) => <Moment at={endsAt} /> }),
];

const ending = column<Silence>({
  id: 'action',
  title: 'Action',
  kind: 'act',
  cell: (row) =>
    silenceState(row, Date.now()) !== 'ended' && (
      <ActionButton
        run={() => expireSilence(row.id)}
        done="The silence has ended; alerts that still fire are sent"
        undo={({ id, version }) => undoSilence(id, { version, to: row.version })}
        changes={[['silences']]}
        label={`End now the silence ${row.matchers.join(' ')}`}
      >
        End now
      </ActionButton>
    ),
});

/** Silences: what is suppressed for a time, by whom and why. */
export function SilencesPage() {
  const { all, id, q } = route.useSearch();
  const { may } = useMe();
  const change = useSearchChange('replace');
  const source = silences({ all, q });
  return (
    <>
      <PageHead title="Silences" about="Alerts that no channel gets for a time" />
      <PolicyTabs />
      {may('responder') && <NewSilence />}
      {id !== undefined && <ChosenSilence id={id} close={() => change({ id: undefined })} />}
      <div className="filters">
        <FilterSelect
          label="Show"
          name="all"
          value={all}
          any="active and pending"
          options={[['true', 'also ended ones']]}
        />
        <QueryBox list="silences" value={q} placeholder="by=ann matcher=*repository*" />
        <ExportLinks
          list="silences"
          q={[all === 'true' && '(ended or -ended)', q && `(${q})`].filter(Boolean).join(' ')}
          sort={undefined}
        />
      </div>
      <LiveTable
        label="Silences"
        list={useLiveList(source)}
        columns={may('responder') ? [...columns, ending] : columns}
        keyOf={source.keyOf}
        selected={id}
        empty={
          <EmptyState title={q === undefined ? 'No silence' : 'No silence matches this filter'}>
            <p>A silence holds back the messages of matching alerts for a time:</p>
            <Sample>{`tidewaiter silences add 'repository="shop/app"' --for 2h --comment 'known, fix on Monday'`}</Sample>
          </EmptyState>
        }
      />
    </>
  );
}

/** A silence with its versions; one that goes on can be changed. */
function ChosenSilence({ id, close }: { id: string; close: () => void }) {
  const read = useQuery(silence(id));
  const { may } = useMe();
  return (
    <Section title="Silence">
      <Loaded read={read}>
        {(chosen) => (
          <>
            {may('responder') && silenceState(chosen, Date.now()) !== 'ended' && (
              <SilenceForm key={`${id} ${chosen.version}`} silence={chosen} done={close} />
            )}
            <SilenceHistory id={id} />
          </>
        )}
      </Loaded>
    </Section>
  );
}
