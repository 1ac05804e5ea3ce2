import { Link } from '@tanstack/react-router';
import { Button } from 'react-aria-components/Button';

import { images } from '../../api/lists.js';
import { useLiveList } from '../../live/live-list.js';
import { Digest } from '../../parts/digest.js';
import { FilterText } from '../../parts/filters.js';
import { Moment } from '../../parts/moment.js';
import { EmptyState, Problem, Skeleton } from '../../parts/states.js';
import { counted, dotted } from '../../parts/words.js';
import { isNamed, type Repository, repositoriesOf } from './repositories.js';

/** Repositories with their tags; each tag with its images by platform. */
export function RepositoryList({ name }: { name: string | undefined }) {
  const list = useLiveList(images());
  if (list.error !== null) return <Problem error={list.error} retry={list.retry} />;
  if (list.isPending) return <Skeleton />;
  const found = repositoriesOf(list.rows.filter((image) => isNamed(image, name)));
  return (
    <>
      <div className="filters">
        <FilterText label="Name" name="q" value={name} placeholder="repository or tag" />
        <span className="quiet">{counted(found.length, 'repository', 'repositories')}</span>
      </div>
      {found.length === 0 && <EmptyState title="No image has been analyzed" />}
      {found.map((repository) => (
        <RepositoryPart key={repository.key} repository={repository} />
      ))}
      {list.hasMore && (
        <Button className="button" onPress={list.more} isPending={list.isLoadingMore}>
          Show older images
        </Button>
      )}
    </>
  );
}

function RepositoryPart({ repository: { repository, connection, tags } }: { repository: Repository }) {
  return (
    <section className="section">
      <h2>
        {repository} <small className="quiet">{dotted(connection, counted(tags.length, 'tag'))}</small>
      </h2>
      <ul className="lines">
        {tags.map(({ tag, images: some }) => (
          <li key={tag}>
            <b>{tag ?? 'no tag'}</b>{' '}
            {some.map(({ digest, platform, os, analyzedAt }) => (
              <span key={digest} className="inline-part">
                <Link to="/images/$digest" params={{ digest }}>
                  {platform}
                </Link>{' '}
                <Digest digest={digest} />{' '}
                <small className="quiet">
                  {os?.name ?? 'no distribution'} {analyzedAt !== null && <Moment at={analyzedAt} />}
                </small>
              </span>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
