import { Link } from '@tanstack/react-router';

import { deliveries } from '../../api/lists.js';
import { useLiveList } from '../../live/live-list.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { useMe } from '../../parts/use-me.js';
import { dotted, problemText } from '../../parts/words.js';
import { DeliveryStamp } from '../system/delivery-stamp.js';

/** Messages about the incident; limited accounts have them in the timeline alone. */
export function Notified({ incidentId }: { incidentId: string }) {
  const { isLimited } = useMe();
  return isLimited === false && <Messages incidentId={incidentId} />;
}

/** Each message with its delivery. */
function Messages({ incidentId }: { incidentId: string }) {
  const { rows, error } = useLiveList(deliveries({ incident: incidentId }));
  return (
    <Section title="Who was notified">
      {error !== null && <p>{error.message}</p>}
      {rows.length === 0 && error === null && (
        <p>
          No message about it was made. <Link to="/policies/routes">Test the routes</Link>
        </p>
      )}
      <ul className="lines">
        {rows.map(({ id, receiver, channel, state, code, reason, createdAt, attempt }) => (
          <li key={id}>
            <DeliveryStamp state={state} />{' '}
            <Link to="/system/deliveries/$id" params={{ id }}>
              {receiver}
            </Link>{' '}
            <small className="quiet">
              {dotted(channel, attempt > 1 && `attempt ${attempt}`, problemText({ code, reason }))}
            </small>{' '}
            <Moment at={createdAt} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
