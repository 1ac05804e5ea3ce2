import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { pushesOfDigests } from '../../api/queries.js';
import type { Reach } from '../../api/types.js';
import { VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { EmptyState, Skeleton } from '../../parts/states.js';

/** Digests whose pushes are looked up: those of the image and of the indexes that hold it. */
const maxDigests = 20;

/** Tags that point to the image or did, with the verdict of each push. */
export function HistoryTab({ places }: { places: Reach | undefined }) {
  const digests = [...new Set(places?.items.flatMap((item) => item.places.map(({ digest }) => digest)))];
  const { data } = useQuery({ ...pushesOfDigests(digests.slice(0, maxDigests)), enabled: digests.length > 0 });
  const pushes = new Map(data?.items.map((push) => [push.id, push]));
  const verdictOf = (pushId: string | null) => {
    const push = pushId === null ? undefined : pushes.get(pushId);
    return push && <VerdictStamp push={push} />;
  };
  if (places === undefined) return <Skeleton />;
  const all = places.items.flatMap(({ digest, platform, places: some }) =>
    some.map((place) => ({ ...place, image: digest, platform })),
  );
  if (all.length === 0) return <EmptyState title="No tag has pointed to this image" />;
  return (
    <ul className="lines">
      {all.map(({ registry, repository, tag, digest, since, until, isCurrent, pushId, pushedBy, image, platform }) => (
        <li key={JSON.stringify([registry, repository, tag, digest, since, image])}>
          {verdictOf(pushId)}{' '}
          {pushId === null ? (
            `${repository}:${tag}`
          ) : (
            <Link to="/images/$digest" params={{ digest }} search={{ push: pushId }}>
              {repository}:{tag}
            </Link>
          )}{' '}
          <small className="quiet">
            {registry} {platform}
          </small>{' '}
          since <Moment at={since} />
          {until !== null && (
            <>
              {' '}
              until <Moment at={until} />
            </>
          )}
          {isCurrent && ' · current'} {pushedBy !== null && <small className="quiet">pushed by {pushedBy}</small>}
        </li>
      ))}
    </ul>
  );
}
