import { Link } from '@tanstack/react-router';

import { repositories } from '../../api/lists.js';
import type { Repository } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { SeverityMark, VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { counted } from '../../parts/words.js';
import { useScopedQuery } from '../../scope/use-scope.js';

const columns = [
  column<Repository>({
    id: 'verdict',
    title: 'Newest push',
    kind: 'mark',
    cell: ({ newest }) => <VerdictStamp push={newest} />,
  }),
  column<Repository>({
    id: 'repository',
    title: 'Repository',
    isName: true,
    cell: ({ repository, registry, connection, source }) => (
      <>
        <Link to="/images/repository" search={{ connection, name: repository }}>
          {repository}
        </Link>{' '}
        <small className="quiet">
          {registry} {source}
        </small>
      </>
    ),
  }),
  column<Repository>({
    id: 'tags',
    title: 'Tags',
    cell: ({ tags, failedTags }) => (
      <>
        {counted(tags, 'tag')} {failedTags > 0 && <small className="quiet">{failedTags} failed</small>}
      </>
    ),
  }),
  column<Repository>({
    id: 'severity',
    title: 'Worst finding',
    kind: 'mark',
    cell: ({ severity }) => severity !== null && <SeverityMark severity={severity} />,
  }),
  column<Repository>({
    id: 'running',
    title: 'Running',
    cell: ({ running }) => (running === null ? <span className="quiet">no sensor</span> : running ? 'running' : ''),
  }),
  column<Repository>({
    id: 'pushed',
    title: 'Pushed',
    kind: 'when',
    cell: ({ newest }) => <Moment at={newest.receivedAt} />,
  }),
];

/** Repositories with their newest push; a link leads to the page of each. */
export function RepositoryList({ q }: { q: string | undefined }) {
  const scoped = useScopedQuery('repositories', q);
  const source = repositories({ q: scoped });
  return (
    <>
      <div className="filters">
        <QueryBox list="repositories" value={q} placeholder="shop running severity>=high" />
        <ExportLinks list="repositories" q={scoped ?? ''} sort={undefined} />
      </div>
      <LiveTable
        label="Repositories"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={
          scoped === undefined ? (
            <EmptyState title="No repository is known">
              <p>
                Repositories come with their first push. <Link to="/start">Connect a registry</Link>
              </p>
            </EmptyState>
          ) : (
            <EmptyState title="No repository matches this filter" />
          )
        }
      />
    </>
  );
}
