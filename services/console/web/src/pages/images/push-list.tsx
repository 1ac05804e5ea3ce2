import { pushes } from '../../api/lists.js';
import type { Push } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { FilterSelect, FilterText } from '../../parts/filters.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { pushColumns } from './push-columns.js';
import { isNamed } from './repositories.js';

const states = [
  ['analyzed', 'analyzed'],
  ['analyzing', 'analyzing'],
  ['accepted', 'waiting'],
  ['refused', 'refused'],
  ['dead-lettered', 'analysis failed'],
  ['not-an-image', 'not an image'],
] as const;

/** Pushes, newest first. */
export function PushList({ state, where }: { state: Push['state'] | undefined; where: string | undefined }) {
  const source = pushes({ state });
  const list = useLiveList(source);
  const rows = list.rows.filter((push) => isNamed(push, where));
  const isFiltered = state !== undefined || list.rows.length > 0;
  return (
    <>
      <div className="filters">
        <FilterSelect label="State" name="state" value={state} any="any" options={states} />
        <FilterText label="Name" name="where" value={where} placeholder="repository or tag" />
      </div>
      <LiveTable
        label="Pushes"
        list={{ ...list, rows }}
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
      <p>Point the webhook of a registry at Tidewaiter. In the config.yml of a Docker registry:</p>
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
