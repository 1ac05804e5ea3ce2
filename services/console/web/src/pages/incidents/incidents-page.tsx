import { getRouteApi } from '@tanstack/react-router';
import { severities } from '@tidewaiter/domain';

import { incidents } from '../../api/lists.js';
import { useLiveList } from '../../live/live-list.js';
import { FilterSelect, FilterText } from '../../parts/filters.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { IncidentPanel } from '../incident/incident-panel.js';
import { incidentColumns } from './incident-columns.js';
import { matchesFilter, sortByUrgency } from './triage.js';
import { useTriageKeys } from './use-triage-keys.js';

const route = getRouteApi('/incidents');

/** Triage: one row for each incident, the chosen one beside the list. */
export function IncidentsPage() {
  const search = route.useSearch();
  const { state = 'open', severity, where, order = 'urgency', selected } = search;
  const source = incidents({ ...(state !== 'all' && { state }), severity });
  const list = useLiveList(source);
  const found = list.rows.filter((incident) => matchesFilter(incident, where));
  const rows = order === 'urgency' ? sortByUrgency(found) : found;
  const choose = useTriageKeys(rows, selected);
  return (
    <>
      <PageHead title="Incidents" about="Alerts of runtime sensors, joined into what happened" />
      <div className="filters">
        <FilterSelect
          label="State"
          name="state"
          value={state}
          options={[
            ['open', 'open'],
            ['resolved', 'resolved'],
            ['merged', 'merged'],
            ['all', 'all'],
          ]}
        />
        <FilterSelect label="Severity" name="severity" value={severity} any="any" options={severities} />
        <FilterSelect
          label="Order"
          name="order"
          value={order}
          options={[
            ['urgency', 'most urgent first'],
            ['newest', 'newest first'],
          ]}
        />
        <FilterText label="Where" name="where" value={where} placeholder="workload, image, cluster" />
      </div>
      <div className={selected === undefined ? 'split' : 'split open'}>
        <LiveTable
          label="Incidents"
          list={{ ...list, rows }}
          columns={incidentColumns}
          keyOf={source.keyOf}
          selected={selected}
          empty={<NoIncidents isFiltered={list.rows.length > 0 || severity !== undefined || state !== 'open'} />}
        />
        {selected !== undefined && <IncidentPanel id={selected} close={() => choose(undefined)} />}
      </div>
    </>
  );
}

function NoIncidents({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <EmptyState title="No incident matches these filters" />;
  return (
    <EmptyState title="Calm sea: no open incident">
      <p>Sensors report to the hook of their name in tidewaiter.yaml. In falcosidekick:</p>
      <Sample>{`WEBHOOK_ADDRESS=http://${location.hostname}:7070/hooks/runtime/<name>`}</Sample>
    </EmptyState>
  );
}
