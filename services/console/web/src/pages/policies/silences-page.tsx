import { getRouteApi } from '@tanstack/react-router';

import { expireSilence } from '../../api/changes.js';
import { silences } from '../../api/lists.js';
import type { Silence } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { FilterSelect } from '../../parts/filters.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { PolicyTabs } from './policy-tabs.js';
import { SilenceForm } from './silence-form.js';
import { silenceState } from './silence-state.js';

const route = getRouteApi('/policies/silences');

const stamps = { active: 'waiting', pending: 'neutral', ended: 'neutral' } as const;

const columns = [
  column<Silence>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: (silence) => {
      const state = silenceState(silence, Date.now());
      return <Stamp kind={stamps[state]}>{state}</Stamp>;
    },
  }),
  column<Silence>({
    id: 'matchers',
    title: 'Matchers',
    isName: true,
    cell: ({ matchers, comment }) => (
      <>
        <span className="mono wrap">{matchers.join(' ')}</span> <small className="quiet">{comment}</small>
      </>
    ),
  }),
  column<Silence>({ id: 'by', title: 'Made by', cell: ({ createdBy }) => createdBy }),
  column<Silence>({ id: 'starts', title: 'Starts', kind: 'when', cell: ({ startsAt }) => <Moment at={startsAt} /> }),
  column<Silence>({ id: 'ends', title: 'Ends', kind: 'when', cell: ({ endsAt }) => <Moment at={endsAt} /> }),
  column<Silence>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: (silence) =>
      silenceState(silence, Date.now()) !== 'ended' && (
        <ActionButton
          run={() => expireSilence(silence.id)}
          done="The silence has ended; alerts that still fire are sent"
          changes={[['silences']]}
          label={`End the silence ${silence.matchers.join(' ')}`}
        >
          End now
        </ActionButton>
      ),
  }),
];

/** Silences: what is suppressed for a time, by whom and why. */
export function SilencesPage() {
  const { all } = route.useSearch();
  const source = silences({ all });
  return (
    <>
      <PageHead title="Silences" about="Alerts that no channel gets for a time" />
      <PolicyTabs />
      <SilenceForm />
      <div className="filters">
        <FilterSelect
          label="Show"
          name="all"
          value={all}
          any="active and pending"
          options={[['true', 'also ended ones']]}
        />
      </div>
      <LiveTable
        label="Silences"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={
          <EmptyState title="No silence">
            <p>A silence holds back the messages of matching alerts for a time:</p>
            <Sample>{`tidewaiter silences add 'repository="shop/app"' --for 2h --comment 'known, fix on Monday'`}</Sample>
          </EmptyState>
        }
      />
    </>
  );
}
