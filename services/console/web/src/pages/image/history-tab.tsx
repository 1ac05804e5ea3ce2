import { Link } from '@tanstack/react-router';

import type { Reach } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { EmptyState, Skeleton } from '../../parts/states.js';

/** Tags that point to the image or did. */
export function HistoryTab({ places }: { places: Reach | undefined }) {
  if (places === undefined) return <Skeleton />;
  const all = places.items.flatMap(({ digest, platform, places: some }) =>
    some.map((place) => ({ ...place, image: digest, platform })),
  );
  if (all.length === 0) return <EmptyState title="No tag has pointed to this image" />;
  return (
    <ul className="lines">
      {all.map(({ registry, repository, tag, digest, since, until, isCurrent, pushId, pushedBy, image, platform }) => (
        <li key={JSON.stringify([registry, repository, tag, digest, since, image])}>
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
