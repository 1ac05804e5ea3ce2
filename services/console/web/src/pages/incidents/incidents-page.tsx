import { getRouteApi, Link } from '@tanstack/react-router';
import { severities } from '@tidewaiter/domain';
import { useMemo, useState } from 'react';

import { incidents } from '../../api/lists.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect } from '../../parts/filters.js';
import { dialogLater, later } from '../../parts/later.js';
import { PageHead } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState, Sample } from '../../parts/states.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { useSelection } from '../../parts/table/use-selection.js';
import { useMe } from '../../parts/use-me.js';
import { useScopedQuery } from '../../scope/use-scope.js';
import { incidentColumns, selectionColumn } from './incident-columns.js';
import { orders } from './incident-orders.js';
import { incidentQuery, incidentStateFilters, usualQuery } from './incident-query.js';
import { isLeaving, type TriageAct } from './triage-acts.js';
import type { DialogKind } from './triage-dialog.js';
import { neighborOf } from './triage.js';
import { useTriageKeys } from './use-triage-keys.js';
import { useTriage } from './use-triage.js';

const TriageBar = later(async () => (await import('./triage-bar.js')).TriageBar);
const IncidentPanel = later(async () => (await import('../incident/incident-panel.js')).IncidentPanel);
const TriageDialog = dialogLater(async () => (await import('./triage-dialog.js')).TriageDialog);

const route = getRouteApi('/incidents');

const assigneeOptions = [
  ['me', 'me'],
  ['none', 'nobody'],
] as const;

/**
 * Triage: one row for each incident, the chosen one beside the list, actions on the selected ones.
 */
export function IncidentsPage() {
  const { state = 'open', severity, assignee, q, sort = '-urgency', selected } = route.useSearch();
  const { name: own, may } = useMe();
  const query = useScopedQuery('incidents', incidentQuery({ state, severity, assignee, q }, own)) ?? '';
  const source = incidents({ q: query, sort });
  const list = useLiveList(source);
  const selection = useSelection(list.rows);
  const [dialog, setDialog] = useState<DialogKind | null>(null);
  const triage = useTriage();
  const chosen = list.rows.filter(({ id }) => (selection.ids.size > 0 ? selection.ids.has(id) : id === selected));
  const act = async (what: TriageAct) => {
    if (chosen.length === 0) return;
    const keys = list.rows.map(({ id }) => id);
    const isOnChosen = selected !== undefined && chosen.some(({ id }) => id === selected);
    const next = neighborOf(keys, selected, 1);
    const done = await triage(what, chosen);
    selection.clear();
    if (isOnChosen && isLeaving(what) && done.has(selected)) choose(next === selected ? undefined : next);
  };
  const ask = (kind: DialogKind) => chosen.length > 0 && setDialog(kind);
  const toggle = (id: string) => may('responder') && selection.toggle(id);
  const choose = useTriageKeys({ rows: list.rows, selected, toggle, act: (what) => void act(what), ask });
  const isFiltered = query !== usualQuery;
  const columns = useMemo(
    () => (may('responder') ? [selectionColumn(selection), ...incidentColumns] : incidentColumns),
    [selection, may('responder')],
  );
  return (
    <>
      <PageHead
        title="Incidents"
        about={
          <>
            <Link to="/incidents/alerts">Alerts</Link> of runtime sensors, joined into what happened
          </>
        }
      />
      <div className="filters">
        <FilterSelect label="State" name="state" value={state} options={incidentStateFilters} />
        <FilterSelect label="Severity" name="severity" value={severity} any="any" options={severities} />
        <FilterSelect label="Assigned to" name="assignee" value={assignee} any="anyone" options={assigneeOptions} />
        <FilterSelect label="Order" name="sort" value={sort} options={orders} />
        <QueryBox list="incidents" value={q} placeholder="cluster=eu1 image=shop/* checkout" />
        <ExportLinks list="incidents" q={query} sort={sort} />
      </div>
      <TriageBar selection={selection} rows={list.rows} act={(what) => void act(what)} ask={ask} />
      <div className={selected === undefined ? 'split' : 'split open'}>
        <LiveTable
          label="Incidents"
          list={list}
          columns={columns}
          keyOf={source.keyOf}
          selected={selected}
          empty={isFiltered ? <EmptyState title="No incident matches these filters" /> : <NoIncidents />}
        />
        {selected !== undefined && (
          // It takes its room at once, so that the row can be scrolled beside it.
          <aside className="panel" aria-label="Chosen incident">
            <IncidentPanel id={selected} close={() => choose(undefined)} />
          </aside>
        )}
      </div>
      {dialog !== null && (
        <TriageDialog kind={dialog} incidents={chosen} act={(what) => void act(what)} close={() => setDialog(null)} />
      )}
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
