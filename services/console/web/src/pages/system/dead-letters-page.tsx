import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Button } from 'react-aria-components/Button';

import { redriveDeadLetter, redriveDeadLetters } from '../../api/changes.js';
import { deadLetters } from '../../api/lists.js';
import { deadLetterCount } from '../../api/queries.js';
import type { DeadLetter } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { ExportLinks } from '../../parts/export-links.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { type RowSelection, useSelection } from '../../parts/table/use-selection.js';
import { useMe } from '../../parts/use-me.js';
import { counted } from '../../parts/words.js';
import { SystemTabs } from './system-tabs.js';

const route = getRouteApi('/system/dead-letters');

const columns = [
  column<DeadLetter>({
    id: 'by',
    title: 'By',
    cell: ({ worker, stage }) => (
      <>
        {worker} <small className="quiet">{stage}</small>
      </>
    ),
  }),
  column<DeadLetter>({
    id: 'subject',
    title: 'Subject',
    isName: true,
    cell: ({ subject, channel }) =>
      channel === null ? (
        subject
      ) : (
        <>
          <Link to="/system/deliveries/$id" params={{ id: subject }}>
            {channel}
          </Link>{' '}
          <small className="quiet">{subject}</small>
        </>
      ),
  }),
  column<DeadLetter>({
    id: 'reason',
    title: 'Reason',
    cell: ({ reason, code, attempts }) => (
      <>
        {reason}{' '}
        <small className="quiet">
          {code} after {counted(attempts, 'attempt')}
        </small>
      </>
    ),
  }),
  column<DeadLetter>({ id: 'when', title: 'When', kind: 'when', cell: ({ createdAt }) => <Moment at={createdAt} /> }),
  column<DeadLetter>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: ({ id, subject }) => (
      <ActionButton
        run={() => redriveDeadLetter(id)}
        done={`${subject} is tried again`}
        changes={[['dead-letters']]}
        label={`Redrive ${subject}`}
      >
        Redrive
      </ActionButton>
    ),
  }),
];

/** Events and jobs that failed for good. */
export function DeadLettersPage() {
  const { q } = route.useSearch();
  const { may } = useMe();
  const source = deadLetters({ q });
  const list = useLiveList(source);
  const selection = useSelection(list.rows);
  return (
    <>
      <PageHead title="Dead letters" about="Events and jobs that failed after all retries" />
      <SystemTabs />
      <div className="filters">
        <QueryBox list="dead-letters" value={q} placeholder="stage=event code=REGISTRY_UNAVAILABLE" />
        <ExportLinks list="dead-letters" q={q ?? ''} sort={undefined} />
        <RedriveAll q={q ?? ''} />
      </div>
      <SelectionBar selection={selection} />
      <LiveTable
        label="Dead letters"
        list={list}
        columns={may('responder') ? [selectionColumn(selection), ...columns] : columns}
        keyOf={source.keyOf}
        empty={
          <EmptyState title={q === undefined ? 'No dead letters' : 'No dead letter matches this filter'}>
            <p>Work that fails for good waits here with its reason, until it is redriven.</p>
          </EmptyState>
        }
      />
    </>
  );
}

function selectionColumn({ ids, toggle }: RowSelection) {
  return column<DeadLetter>({
    id: 'select',
    title: 'Select',
    kind: 'select',
    cell: ({ id, subject }) => (
      <input type="checkbox" aria-label={`Select ${subject}`} checked={ids.has(id)} onChange={() => toggle(id)} />
    ),
  });
}

/** Redrives the selected dead letters; nothing while none is selected. */
function SelectionBar({ selection: { ids, clear } }: { selection: RowSelection }) {
  if (ids.size === 0) return null;
  return (
    <div className="selection-bar" role="group" aria-label="Actions on the selected dead letters">
      <strong aria-live="polite">{counted(ids.size, 'dead letter')} selected</strong>
      <ActionButton
        run={() => redriveDeadLetters({ ids: [...ids] })}
        done={({ redriven, kept, isMore }) => redriveText(redriven, kept, isMore)}
        changes={[['dead-letters']]}
      >
        Redrive selected
      </ActionButton>
      <Button className="plain" onPress={clear}>
        Clear
      </Button>
    </div>
  );
}

/** Dead letters that one request redrives, at most. */
const maxRedriven = 1_000;

/** Redrives what the filter matches, after a question with its number. */
function RedriveAll({ q }: { q: string }) {
  const { data: total } = useQuery(deadLetterCount(q));
  const { may } = useMe();
  if (!total || total.count === 0 || !may('responder')) return null;
  const matched = `${counted(total.count, 'dead letter')}${total.isAtLeast ? ' or more' : ''}`;
  return (
    <ActionButton
      run={() => redriveDeadLetters({ q })}
      done={({ redriven, kept, isMore }) => redriveText(redriven, kept, isMore)}
      changes={[['dead-letters']]}
      confirm={{
        title: `Redrive ${matched}`,
        verb: 'Redrive',
        effect: (
          <p>
            {q === '' ? 'All of them are' : `All that match ${q} are`} tried again
            {total.count > maxRedriven && `, the oldest ${maxRedriven.toLocaleString('en')} now`}. What fails again
            comes back here.
          </p>
        ),
      }}
    >
      {q === '' ? 'Redrive all' : 'Redrive all that match'}
    </ActionButton>
  );
}

function redriveText(redriven: number, kept: number, isMore: boolean): string {
  const rest = kept > 0 ? `; ${kept} cannot be, as their event or job is gone` : '';
  return `${counted(redriven, 'dead letter')} tried again${rest}${isMore ? '. There are more' : ''}`;
}
