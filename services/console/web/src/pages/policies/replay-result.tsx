import type { Replay } from '../../api/types.js';
import { Section } from '../../parts/page.js';
import { absoluteTime } from '../../parts/relative-time.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { counted, dotted } from '../../parts/words.js';

type ReplayedReceiver = Replay['would']['receivers'][number];

const columns = [
  column<ReplayedReceiver>({
    id: 'receiver',
    title: 'Receiver',
    isName: true,
    cell: ({ receiver, routes }) => (
      <>
        {receiver}{' '}
        <small className="quiet">{routes.map(({ route, messages }) => `${route}: ${messages}`).join(', ')}</small>
      </>
    ),
  }),
  column<ReplayedReceiver>({ id: 'messages', title: 'Messages', kind: 'number', cell: ({ messages }) => messages }),
  column<ReplayedReceiver>({ id: 'reminders', title: 'Reminders', kind: 'number', cell: ({ reminders }) => reminders }),
  column<ReplayedReceiver>({ id: 'edits', title: 'Edits', kind: 'number', cell: ({ edits }) => edits }),
  column<ReplayedReceiver>({
    id: 'channels',
    title: 'Channels',
    cell: ({ channels }) =>
      Object.entries(channels)
        .map(([channel, count]) => `${channel}: ${count}`)
        .join(', '),
  }),
];

/** Messages that would have been sent, beside those that were. */
export function ReplayResult({ replay: { since, until, history, would, sent } }: { replay: Replay }) {
  const really = sent.reduce((sum, { messages }) => sum + messages, 0);
  return (
    <Section title={`Would have sent ${counted(would.messages, 'message')}`}>
      <p role="status">
        From {absoluteTime(since)} to {absoluteTime(until)}: {counted(history.events, 'event')} with{' '}
        {counted(history.alerts, 'alert')}. {counted(really, 'message')} were really sent, under the routes of then.
        {!history.isWhole &&
          ` The history is recorded ${history.knownSince === null ? 'not yet' : `since ${absoluteTime(history.knownSince)}`}.`}
      </p>
      <DataTable
        label="Messages by receiver"
        columns={columns}
        rows={would.receivers}
        keyOf={({ receiver }) => receiver}
      />
      <ul className="lines">
        {would.heldBack.map(({ why, sent: later, over, waits }) => (
          <li key={why}>
            {why}{' '}
            <small className="quiet">
              {dotted(`${later} sent later`, `${over} ended before`, `${waits} still wait`)}
            </small>
          </li>
        ))}
      </ul>
    </Section>
  );
}
