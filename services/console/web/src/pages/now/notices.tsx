import { Link } from '@tanstack/react-router';

import type { Receiver, Status } from '../../api/types.js';
import { counted } from '../../parts/words.js';

interface Props {
  status: Status | undefined;
  channels: readonly Receiver[];
}

/** Faults of the platform that make what the other pages show wrong or late. */
export function Notices({ status, channels }: Props) {
  const broken = channels.filter(({ state }) => state === 'broken');
  const refused = status?.configuration.filter(({ error }) => error !== null) ?? [];
  const { advisories } = status ?? {};
  const stale = advisories?.ages.filter(({ isStale }) => isStale) ?? [];
  return (
    <>
      {refused.map(({ service, instance, error }) => (
        <p key={`${service} ${instance}`} className="notice">
          {service} runs on its last good configuration: {error?.message} (<code>{error?.code}</code>)
        </p>
      ))}
      {status !== undefined && status.overridden.length > 0 && (
        <p className="notice">
          <code>tidewaiter.yaml</code> overrides what was configured here: {status.overridden.join(', ')}
        </p>
      )}
      {advisories?.advisories === 0 && (
        <p className="notice">
          No advisories yet: images cannot be evaluated. <Link to="/system/advisories">How to get them</Link>
        </p>
      )}
      {stale.length > 0 && (
        <p className="notice">
          {[...new Set(stale.map(({ source }) => source))].join(', ')}: advisories are older than they may be.{' '}
          <Link to="/system/advisories">See their sources</Link>
        </p>
      )}
      {broken.length > 0 && (
        <p className="notice">
          {counted(broken.length, 'channel')} accepted no message:{' '}
          <Link to="/policies/channels">{broken.map(({ receiver }) => receiver).join(', ')}</Link>
        </p>
      )}
    </>
  );
}
