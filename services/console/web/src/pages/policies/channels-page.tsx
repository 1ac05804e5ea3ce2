import { Link } from '@tanstack/react-router';

import { redriveReceiver, testReceiver } from '../../api/changes.js';
import { receivers } from '../../api/lists.js';
import type { Receiver } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ActionButton } from '../../parts/action-button.js';
import { Stamp, type StampKind } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { type Column, column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { useMe } from '../../parts/use-me.js';
import { counted, durationText } from '../../parts/words.js';
import { PolicyTabs } from './policy-tabs.js';

const stamps: Record<Receiver['state'], StampKind> = {
  healthy: 'good',
  failing: 'unknown',
  paused: 'waiting',
  broken: 'broken',
};

const columns: Column<Receiver>[] = [
  column<Receiver>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: ({ state }) => <Stamp kind={stamps[state]}>{state}</Stamp>,
  }),
  column<Receiver>({
    id: 'channel',
    title: 'Channel',
    isName: true,
    cell: ({ receiver, channel, integration }) => (
      <>
        <Link to="/system/deliveries" search={{ receiver }}>
          {receiver}
        </Link>{' '}
        <small className="quiet">{integration === 0 ? channel : `${channel} number ${integration + 1}`}</small>
      </>
    ),
  }),
  column<Receiver>({ id: 'failure', title: 'Last failure', cell: (receiver) => <LastFailure receiver={receiver} /> }),
  column<Receiver>({
    id: 'waiting',
    title: 'Waiting',
    cell: ({ waiting, held, waitingSince }) => (
      <>
        {waiting > 0 && counted(waiting, 'message')}{' '}
        {waitingSince !== null && (
          <small className="quiet">
            oldest <Moment at={waitingSince} />
          </small>
        )}{' '}
        {held > 0 && <small className="quiet">{held.toLocaleString('en')} held for a group or silence</small>}
      </>
    ),
  }),
  column<Receiver>({ id: 'accepted', title: 'Accepted', cell: (receiver) => <Accepted receiver={receiver} /> }),
  column<Receiver>({
    id: 'action',
    title: 'Action',
    kind: 'act',
    cell: ({ receiver, state, failed }) =>
      (state !== 'healthy' || failed > 0) && (
        <ActionButton
          run={() => redriveReceiver(receiver)}
          done={({ redriven }) => `${counted(redriven, 'message')} to ${receiver} tried again`}
          changes={[['receivers'], ['deliveries']]}
          label={`Redrive failed messages to ${receiver}`}
        >
          Redrive
        </ActionButton>
      ),
  }),
];

const testColumn = column<Receiver>({
  id: 'test',
  title: 'Test',
  kind: 'act',
  cell: ({ receiver, integration, channel }) => (
    <ActionButton
      run={() => testReceiver(receiver)}
      done={({ deliveries }) => `${counted(deliveries.length, 'sample')} on the way to ${receiver}`}
      changes={[['receivers'], ['deliveries']]}
      label={`Send a sample to ${receiver}, ${channel} ${integration}`}
    >
      Send a sample
    </ActionButton>
  ),
});

function LastFailure({ receiver: { state, since, lastFailure } }: { receiver: Receiver }) {
  if (state === 'healthy' || lastFailure === null) return null;
  return (
    <>
      {lastFailure.reason ?? lastFailure.code}{' '}
      {since !== null && (
        <small className="quiet">
          {lastFailure.code} since <Moment at={since} />
        </small>
      )}
    </>
  );
}

function Accepted({ receiver: { sent, failed, lastSentAt, p95Seconds } }: { receiver: Receiver }) {
  if (sent + failed === 0) return null;
  return (
    <>
      {sent} of {sent + failed}{' '}
      {lastSentAt !== null && (
        <small className="quiet">
          last <Moment at={lastSentAt} />
          {p95Seconds !== null && ` · p95 ${durationText(p95Seconds)}`}
        </small>
      )}
    </>
  );
}

/** Health of the channels of the last week. */
export function ChannelsPage() {
  const { may } = useMe();
  return (
    <>
      <PageHead title="Channels" about="Whether the channels of receivers accepted messages in the last week" />
      <PolicyTabs />
      <LiveTable
        label="Channels"
        list={useLiveList(receivers)}
        columns={may('maintainer') ? [...columns, testColumn] : columns}
        keyOf={receivers.keyOf}
        empty={
          <EmptyState title="No channel was given a message within a week">
            <p>
              Receivers and their channels are in the <Link to="/policies/routes">routes</Link>, in the format of
              Alertmanager.
            </p>
          </EmptyState>
        }
      />
    </>
  );
}
