import { getRouteApi } from '@tanstack/react-router';
import { severities } from '@tidewaiter/domain';

import { incidents } from '../../api/lists.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect, FilterText } from '../../parts/filters.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { queryText } from '../../url/query-text.js';
import { IncidentPanel } from '../incident/incident-panel.js';
import { incidentColumns } from './incident-columns.js';
import { orders } from './incident-orders.js';
import { useTriageKeys } from './use-triage-keys.js';

const route = getRouteApi('/incidents');

/** Triage: one row for each incident, the chosen one beside the list. */
export function IncidentsPage() {
  const { state = 'open', severity, q, sort = '-urgency', selected } = route.useSearch();
  const filter = { state: state === 'all' ? undefined : state, severity };
  const source = incidents({ ...filter, q, sort });
  const list = useLiveList(source);
  const choose = useTriageKeys(list.rows, selected);
  const isFiltered = state !== 'open' || severity !== undefined || q !== undefined;
  return (
    <>
      <PageHead title="Incidents" about="Alerts of runtime sensors, joined into what happened" />
      <div className="filters">
        <FilterSelect label="State" name="state" value={state} options={['open', 'resolved', 'merged', 'all']} />
        <FilterSelect label="Severity" name="severity" value={severity} any="any" options={severities} />
        <FilterSelect label="Order" name="sort" value={sort} options={orders} />
        <FilterText label="Filter" name="q" value={q} placeholder="cluster=eu1 image=shop/* checkout" isWide />
        <ExportLinks list="incidents" q={queryText(filter, q)} sort={sort} />
      </div>
      <div className={selected === undefined ? 'split' : 'split open'}>
        <LiveTable
          label="Incidents"
          list={list}
          columns={incidentColumns}
          keyOf={source.keyOf}
          selected={selected}
          empty={isFiltered ? <EmptyState title="No incident matches these filters" /> : <NoIncidents />}
        />
        {selected !== undefined && <IncidentPanel id={selected} close={() => choose(undefined)} />}
      </div>
    </>
  );
}

function NoIncidents() {
  return (
    <EmptyState title="Calm sea: no open incident">
      <p>Sensors report to the hook of their name in tidewaiter.yaml. In falcosidekick:</p>
      <Sample>{`WEBHOOK_ADDRESS=http://${location.hostname}:7070/hooks/runtime/<name>`}</Sample>
    </EmptyState>
  );
}
