import { Link } from '@tanstack/react-router';

import { pushes } from '../../api/lists.js';
import type { Push } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect } from '../../parts/filters.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { useScopedQuery } from '../../scope/use-scope.js';
import { queryText } from '../../url/query-text.js';
import { pushColumns } from './push-columns.js';
import { pushOrders, type pushOrderNames } from './push-orders.js';

const states = [
  ['analyzed', 'analyzed'],
  ['analyzing', 'analyzing'],
  ['accepted', 'waiting'],
  ['refused', 'refused'],
  ['dead-lettered', 'analysis failed'],
  ['not-an-image', 'not an image'],
] as const;

interface Props {
  state: Push['state'] | undefined;
  q: string | undefined;
  sort: (typeof pushOrderNames)[number] | undefined;
}

/** Pushes with their verdict. */
export function PushList({ state, q, sort = '-received' }: Props) {
  const scoped = useScopedQuery('pushes', q);
  const source = pushes({ state, q: scoped, sort });
  const list = useLiveList(source);
  const isFiltered = state !== undefined || scoped !== undefined;
  return (
    <>
      <div className="filters">
        <FilterSelect label="State" name="state" value={state} any="any" options={states} />
        <FilterSelect label="Order" name="sort" value={sort} options={pushOrders} />
        <QueryBox list="pushes" value={q} placeholder="verdict=fail running image=shop/*" />
        <ExportLinks list="pushes" q={queryText({ state }, scoped)} sort={sort} />
      </div>
      <LiveTable
        label="Pushes"
        list={list}
        columns={pushColumns}
        keyOf={source.keyOf}
        empty={isFiltered ? <EmptyState title="No push matches these filters" /> : <NoPushes />}
      />
    </>
  );
}

function NoPushes() {
  return (
    <EmptyState title="No ship has come in yet">
      <p>
        <Link to="/start" className="primary">
          Connect a registry
        </Link>
      </p>
      <p>By hand, in the config.yml of a Docker registry:</p>
      <Sample>{`notifications:
  endpoints:
    - name: tidewaiter
      url: http://${location.hostname}:7070/hooks/registry/main
      headers:
        Authorization: [Bearer <webhookSecret>]`}</Sample>
      <p>with a webhookSecret of a registry in tidewaiter.yaml. Then restart the registry and push:</p>
      <Sample>docker push localhost:5000/app:1</Sample>
    </EmptyState>
  );
}
