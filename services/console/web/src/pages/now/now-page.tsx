import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { deadLetters, incidents, pushes, receivers } from '../../api/lists.js';
import { status } from '../../api/queries.js';
import { useLiveList } from '../../live/live-list.js';
import { later } from '../../parts/later.js';
import { SeverityMark, VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { PageHead, Section } from '../../parts/page.js';
import { Loaded, Skeleton } from '../../parts/states.js';
import { useMe } from '../../parts/use-me.js';
import { counted } from '../../parts/words.js';
import { useIsScoped, useScopedQuery, useUnscoped } from '../../scope/use-scope.js';
import { PushLink } from '../images/push-link.js';
import { sortByUrgency } from '../incidents/triage.js';
import { countSince } from './last-visit.js';
import { Notices } from './notices.js';
import { PipelineStrip } from './pipeline-strip.js';
import { useLastVisit } from './use-last-visit.js';

const Trends = later(async () => (await import('../../parts/chart/trends.js')).Trends);
const FixTimes = later(async () => (await import('../../parts/chart/fix-times.js')).FixTimes);
const PinnedViews = later(async () => (await import('../views/pinned-views.js')).PinnedViews);

const maxIncidents = 8;
const maxPushes = 8;

/** Home: what needs attention, and whether Tidewaiter keeps up. */
export function NowPage() {
  const lastVisit = useLastVisit();
  const open = useLiveList(incidents({ state: 'open', q: useScopedQuery('incidents', undefined, 'open incidents') }));
  const recent = useLiveList(pushes({ q: useScopedQuery('pushes', undefined, 'last pushes') }));
  useUnscoped('saved views');
  useUnscoped('charts');
  const { isLimited } = useMe();
  return (
    <>
      <PageHead title="Now" about={<SinceLastVisit at={lastVisit} incidents={open.rows} pushes={recent.rows} />} />
      {isLimited === false && <PlatformState />}
      <PinnedViews />
      <div className="columns">
        <Section title="Open incidents" note={open.hasMore ? `${open.rows.length} or more` : open.rows.length}>
          <OpenIncidents list={open} />
        </Section>
        <Section title="Last pushes">
          <LastPushes list={recent} />
        </Section>
      </div>
      <Trends place={null} />
      {isLimited === false && <FixTimes place={null} />}
    </>
  );
}

/** Backlog and faults of the platform, which the API refuses to limited accounts. */
function PlatformState() {
  const letters = useLiveList(deadLetters());
  const channels = useLiveList(receivers);
  const read = useQuery(status);
  return (
    <>
      <Loaded read={read}>
        {(known) => <PipelineStrip status={known} deadLetters={letters.rows.length} channels={channels.rows} />}
      </Loaded>
      <Notices status={read.data} channels={channels.rows} />
    </>
  );
}

type List<Source> = Source extends (...args: never[]) => {
  page: (...rest: never[]) => Promise<{ items: readonly (infer Row)[] }>;
}
  ? { rows: readonly Row[]; isPending: boolean; error: Error | null }
  : never;

function OpenIncidents({ list: { rows, isPending, error } }: { list: List<typeof incidents> }) {
  const isScoped = useIsScoped();
  if (error !== null) return <p>{error.message}</p>;
  if (isPending) return <Skeleton lines={3} />;
  if (rows.length === 0) return <p>{isScoped ? 'No open incident in this scope.' : 'Calm sea: no open incident.'}</p>;
  return (
    <>
      <ul className="lines">
        {sortByUrgency(rows)
          .slice(0, maxIncidents)
          .map(({ id, number, title, severity, workload, lastSeen }) => (
            <li key={id}>
              <SeverityMark severity={severity} />{' '}
              <Link to="/incidents/$id" params={{ id }}>
                INC-{number} {title}
              </Link>{' '}
              <small className="quiet">{workload}</small> <Moment at={lastSeen} />
            </li>
          ))}
      </ul>
      <Link to="/incidents">All incidents</Link>
    </>
  );
}

function LastPushes({ list: { rows, isPending, error } }: { list: List<typeof pushes> }) {
  const isScoped = useIsScoped();
  if (error !== null) return <p>{error.message}</p>;
  if (isPending) return <Skeleton lines={3} />;
  if (rows.length === 0 && isScoped) return <p>No push in this scope.</p>;
  if (rows.length === 0)
    return (
      <p>
        No ship has come in yet. <Link to="/start">Connect a registry</Link>
      </p>
    );
  return (
    <>
      <ul className="lines">
        {rows.slice(0, maxPushes).map((push) => (
          <li key={push.id}>
            <VerdictStamp push={push} /> <PushLink push={push} /> <Moment at={push.receivedAt} />
          </li>
        ))}
      </ul>
      <Link to="/images">All pushes</Link>
    </>
  );
}

interface SinceProps {
  at: string | null;
  incidents: readonly { openedAt: string }[];
  pushes: readonly { receivedAt: string }[];
}

function SinceLastVisit({ at, incidents: opened, pushes: received }: SinceProps) {
  if (at === null) return <>What needs attention, and whether Tidewaiter keeps up</>;
  const newIncidents = countSince(
    opened.map(({ openedAt }) => openedAt),
    at,
  );
  const newPushes = countSince(
    received.map(({ receivedAt }) => receivedAt),
    at,
  );
  return (
    <>
      Since your last visit <Moment at={at} />: {counted(newIncidents, 'new incident')},{' '}
      {counted(newPushes, 'push', 'pushes')}
    </>
  );
}
