import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';

import { redriveDelivery } from '../../api/changes.js';
import { delivery } from '../../api/queries.js';
import type { DeliveryDetail } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { Moment } from '../../parts/moment.js';
import { Facts, PageHead, Section } from '../../parts/page.js';
import { absoluteTime } from '../../parts/relative-time.js';
import { Loaded } from '../../parts/states.js';
import { counted, dotted, labelsText, problemText } from '../../parts/words.js';
import { DeliveryStamp } from './delivery-stamp.js';

const route = getRouteApi('/system/deliveries/$id');

/** One message to one channel with its steps. */
export function DeliveryPage() {
  const { id } = route.useParams();
  return (
    <Loaded isPage read={useQuery(delivery(id))}>
      {(known) => <Story delivery={known} />}
    </Loaded>
  );
}

function Story({ delivery: known }: { delivery: DeliveryDetail }) {
  const { receiver, channel, state, route: rule, groupLabels, alertCount, steps, derived, origin, createdAt } = known;
  return (
    <>
      <PageHead
        title={`Message to ${receiver}`}
        about={
          <>
            <DeliveryStamp state={state} /> by {channel}
          </>
        }
        actions={<Actions delivery={known} />}
      />
      <p className="sentence">{titleOf(known.message)}</p>
      <Facts
        facts={[
          ['About', labelsText(groupLabels)],
          ['Alerts', counted(alertCount, 'alert')],
          ['Route', rule],
          ['Made', <Moment key="made" at={createdAt} isAbsolute />],
          [
            'Made of',
            origin !== null && (
              <Link to="/system/deliveries/$id" params={{ id: origin.id }}>
                another message, as its {origin.kind}
              </Link>
            ),
          ],
        ]}
      />
      <Section title="Steps">
        <ol className="lines">
          {steps.map((step, index) => (
            <li key={`${step.at} ${index}`}>
              <time dateTime={step.at}>{absoluteTime(step.at)}</time> <b>{step.kind}</b>{' '}
              <small className="quiet">{stepText(step)}</small>
            </li>
          ))}
        </ol>
      </Section>
      {derived.length > 0 && (
        <Section title="Messages made of it" note={derived.length}>
          <ul className="lines">
            {derived.map(({ id, kind, receiver: to, channel: by, state: now }) => (
              <li key={id}>
                <DeliveryStamp state={now} />{' '}
                <Link to="/system/deliveries/$id" params={{ id }}>
                  {kind} to {to}
                </Link>{' '}
                <small className="quiet">{by}</small>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

function Actions({ delivery: { id, state, receiver } }: { delivery: DeliveryDetail }) {
  const changes = [['deliveries']];
  if (state === 'sent')
    return (
      <ActionButton
        run={() => redriveDelivery(id, true)}
        done={`Sent again to ${receiver}, as another message`}
        changes={changes}
      >
        Send again
      </ActionButton>
    );
  if (state !== 'failed' && state !== 'retrying') return null;
  return (
    <ActionButton run={() => redriveDelivery(id)} done={`The message to ${receiver} is tried again`} changes={changes}>
      Redrive
    </ActionButton>
  );
}

function stepText({ attempt, by, code, reason, nextAt }: DeliveryDetail['steps'][number]): string {
  return dotted(
    attempt > 0 && `attempt ${attempt}`,
    by !== null && `by ${by}`,
    problemText({ code, reason }),
    nextAt !== null && `again at ${absoluteTime(nextAt)}`,
  );
}

/** Title of a message in the notifier's own form. */
function titleOf(message: unknown): string {
  const { title } = (message ?? {}) as { title?: unknown };
  return typeof title === 'string' ? title : '';
}
