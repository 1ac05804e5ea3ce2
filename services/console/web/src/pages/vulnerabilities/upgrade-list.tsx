import { Link } from '@tanstack/react-router';

import { fixes } from '../../api/lists.js';
import type { Upgrade } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect } from '../../parts/filters.js';
import { SeverityMark } from '../../parts/marks.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { dotted } from '../../parts/words.js';
import { useScopedQuery } from '../../scope/use-scope.js';
import { upgradeOrders, type VulnerabilitySort } from './vulnerability-orders.js';

/** Names that a cell lists. */
const maxNames = 4;

const columns = [
  column<Upgrade>({
    id: 'severity',
    title: 'Severity',
    kind: 'mark',
    cell: ({ severity }) => <SeverityMark severity={severity} />,
  }),
  column<Upgrade>({
    id: 'upgrade',
    title: 'Upgrade',
    isName: true,
    cell: ({ package: name, fromVersions, toVersion, ecosystem }) => (
      <>
        <Link to="/vulnerabilities" search={{ q: `package=${name}` }}>
          {name}
        </Link>{' '}
        to <b>{toVersion}</b>
        <small className="quiet">{dotted(`from ${shortened(fromVersions)}`, ecosystem)}</small>
      </>
    ),
  }),
  column<Upgrade>({
    id: 'risk',
    title: 'Risk',
    cell: ({ kev, epss }) => (
      <>
        {kev && <b>exploited </b>}
        {epss !== null && <small className="quiet">EPSS {(epss * 100).toFixed(1)} %</small>}
      </>
    ),
  }),
  column<Upgrade>({
    id: 'closes',
    title: 'Closes',
    cell: ({ vulnerabilities }) => (
      <>
        {vulnerabilities.slice(0, maxNames).map((id) => (
          <span key={id} className="inline-part">
            <Link to="/vulnerabilities/$id" params={{ id }}>
              {id}
            </Link>
          </span>
        ))}
        {vulnerabilities.length > maxNames && (
          <small className="quiet">and {vulnerabilities.length - maxNames} more</small>
        )}
      </>
    ),
  }),
  column<Upgrade>({
    id: 'where',
    title: 'In',
    kind: 'secondary',
    cell: ({ repositories }) => <small className="quiet">{shortened(repositories)}</small>,
  }),
  column<Upgrade>({ id: 'images', title: 'Images', kind: 'number', cell: ({ images }) => images }),
  column<Upgrade>({
    id: 'workloads',
    title: 'Workloads',
    kind: 'number',
    cell: ({ workloads }) => workloads ?? <span className="quiet">–</span>,
  }),
];

function shortened(names: readonly string[]): string {
  const shown = names.slice(0, maxNames).join(', ');
  return names.length > maxNames ? `${shown} and ${names.length - maxNames} more` : shown;
}

/** Upgrades that close vulnerabilities, the most useful first. */
export function UpgradeList({ q, sort: chosen }: { q: string | undefined; sort: VulnerabilitySort | undefined }) {
  const sort = upgradeOrders.map(([name]) => name).find((name) => name === chosen) ?? '-risk';
  const scoped = useScopedQuery('fixes', q);
  const source = fixes({ q: scoped, sort });
  return (
    <>
      <div className="filters">
        <FilterSelect label="Order" name="sort" value={sort} options={upgradeOrders} />
        <QueryBox list="fixes" value={q} placeholder="severity>=high running kev package=openssl" />
        <ExportLinks list="fixes" q={scoped ?? ''} sort={sort} />
      </div>
      <LiveTable
        label="Fixes"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={
          <EmptyState
            title={scoped === undefined ? 'No upgrade closes a known vulnerability' : 'No fix matches this filter'}
          >
            <p>Counts follow new images and advisories after some minutes.</p>
          </EmptyState>
        }
      />
    </>
  );
}
