import { Link } from '@tanstack/react-router';
import { listPages } from '@tidewaiter/domain';

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
      {status?.overridden.map((entry) => (
        <Overridden key={entry} entry={entry} />
      ))}
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

/** An entry that was configured here: `routing`, or its kind and name, `exceptions/known`. */
function Overridden({ entry }: { entry: string }) {
  const [kind = '', ...name] = entry.split('/');
  return (
    <p className="notice">
      <code>{kind === 'routing' ? 'routing.yaml' : 'tidewaiter.yaml'}</code> is in effect in place of what was
      configured here:{' '}
      <Link to={kind === 'routing' ? '/policies/routes' : (listPages[kind]?.path ?? '/policies')}>
        {[kind, name.join('/')].filter(Boolean).join(' ')}
      </Link>
    </p>
  );
}
