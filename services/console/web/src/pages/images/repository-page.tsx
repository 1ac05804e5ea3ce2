import { getRouteApi, Link } from '@tanstack/react-router';

import { pushes } from '../../api/lists.js';
import { useLiveList } from '../../live/live-list.js';
import { later } from '../../parts/later.js';
import { PageHead, Section } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { pushColumns } from './push-columns.js';

const Trends = later(async () => (await import('../../parts/chart/trends.js')).Trends);
const FixTimes = later(async () => (await import('../../parts/chart/fix-times.js')).FixTimes);

const route = getRouteApi('/images/repository');

/** One repository: its findings and verdicts over time, how long fixes take, and its tags. */
export function RepositoryPage() {
  const { connection = '', name = '' } = route.useSearch();
  const place = { connection, repository: name };
  const q = `connection="${connection}" repository="${name}"`;
  const source = pushes({ q: `${q} current` });
  return (
    <>
      <PageHead
        title={name}
        about={connection}
        actions={
          <>
            <Link to="/images" search={{ q }} className="button">
              All pushes
            </Link>
            <Link to="/report" search={{ q: `repository="${name}"` }} className="button">
              Unfixed vulnerabilities
            </Link>
          </>
        }
      />
      <Trends place={place} />
      <FixTimes place={place} />
      <Section title="Tags">
        <LiveTable
          label="Tags"
          list={useLiveList(source)}
          columns={pushColumns}
          keyOf={source.keyOf}
          empty={<EmptyState title="No tag points to an image of this repository" />}
        />
      </Section>
    </>
  );
}
