import { getRouteApi, Link } from '@tanstack/react-router';

import { redriveDelivery } from '../../api/changes.js';
import { deliveries } from '../../api/lists.js';
import type { Delivery } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect, FilterText } from '../../parts/filters.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { counted, dotted, labelsText, problemText } from '../../parts/words.js';
import { queryText } from '../../url/query-text.js';
import { DeliveryStamp } from './delivery-stamp.js';
import { SystemTabs } from './system-tabs.js';

const route = getRouteApi('/system/deliveries');

const shownStates = [
  ['failed', 'failed'],
  ['fallen-back', 'failed, fallback notified'],
  ['retrying', 'retrying'],
  ['held', 'held for their group'],
  ['sent', 'sent'],
] as const;

const columns = [
  column<Delivery>({ id: 'state', title: 'State', kind: 'mark', cell: ({ state }) => <DeliveryStamp state={state} /> }),
  column<Delivery>({
    id: 'receiver',
    title: 'Receiver',
    isName: true,
    cell: ({ id, receiver, channel, origin }) => (
      <>
        <Link to="/system/deliveries/$id" params={{ id }}>
          {receiver}
        </Link>{' '}
        <small className="quiet">{dotted(channel, origin?.kind)}</small>
      </>
    ),
  }),
  column<Delivery>({
    id: 'about',
    title: 'About',
    kind: 'wide',
    cell: ({ groupLabels }) => labelsText(groupLabels),
  }),
  column<Delivery>({
    id: 'attempts',
    title: 'Attempts',
    cell: ({ attempt, code, reason }) => (
      <>
        {counted(attempt, 'attempt')} <small className="quiet">{problemText({ code, reason })}</small>
      </>
    ),
  }),
  column<Delivery>({ id: 'when', title: 'When', kind: 'when', cell: ({ createdAt }) => <Moment at={createdAt} /> }),
  column<Delivery>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: ({ id, state, receiver }) =>
      (state === 'failed' || state === 'retrying') && (
        <ActionButton
          run={() => redriveDelivery(id)}
          done={`The message to ${receiver} is tried again`}
          changes={[['deliveries']]}
          label={`Redrive the message to ${receiver}`}
        >
          Redrive
        </ActionButton>
      ),
  }),
];

/** Messages to channels with their delivery. */
export function DeliveriesPage() {
  const { receiver, state, q } = route.useSearch();
  const source = deliveries({ receiver, state, q });
  const isFiltered = receiver !== undefined || state !== undefined || q !== undefined;
  const isFallback = state === 'fallen-back';
  const query = queryText({ state: isFallback ? undefined : state, receiver }, q);
  return (
    <>
      <PageHead title="Deliveries" about="Messages to channels, with their attempts" />
      <SystemTabs />
      <div className="filters">
        <FilterSelect label="State" name="state" value={state} any="all messages" options={shownStates} />
        <FilterText label="Receiver" name="receiver" value={receiver} />
        <QueryBox list="deliveries" value={q} placeholder="channel=slack attempts>1 created>1d" />
        <ExportLinks list="deliveries" q={isFallback ? `fallback ${query}`.trim() : query} sort={undefined} />
      </div>
      <LiveTable
        label="Deliveries"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={
          <EmptyState title={isFiltered ? 'No message matches these filters' : 'No message was made yet'}>
            <p>
              <Link to="/start">Choose who is notified</Link>, and send a sample.{' '}
              <Link to="/policies/messages">Preview messages</Link>
            </p>
          </EmptyState>
        }
      />
    </>
  );
}
