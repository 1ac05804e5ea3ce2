import { getRouteApi } from '@tanstack/react-router';

import { rules } from '../../api/lists.js';
import type { Rule } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect } from '../../parts/filters.js';
import { Stamp, type StampKind } from '../../parts/marks.js';
import { PageHead } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { dotted } from '../../parts/words.js';
import { queryText } from '../../url/query-text.js';
import { PolicyTabs } from './policy-tabs.js';

const route = getRouteApi('/policies/rules');

const stamps: Record<Rule['state'], StampKind> = { loaded: 'good', refused: 'broken' };

const columns = [
  column<Rule>({
    id: 'state',
    title: 'State',
    kind: 'mark',
    cell: ({ state }) => <Stamp kind={stamps[state]}>{state}</Stamp>,
  }),
  column<Rule>({
    id: 'rule',
    title: 'Rule',
    isName: true,
    cell: ({ title, file, line, reason, kind, isPart }) => (
      <>
        {title ?? file}{' '}
        <small className="quiet">{dotted(kind, isPart && 'part of a correlation', reason, `${file}:${line}`)}</small>
      </>
    ),
  }),
  column<Rule>({ id: 'level', title: 'Level', kind: 'mark', cell: ({ level }) => level }),
  column<Rule>({ id: 'tags', title: 'Tags', cell: ({ tags }) => <small>{tags.join(' ')}</small> }),
  column<Rule>({
    id: 'author',
    title: 'Author',
    cell: ({ author, license }) => (
      <>
        {author} <small className="quiet">{license}</small>
      </>
    ),
  }),
];

/** Sigma rules of the detector, also those that it refused. */
export function RulesPage() {
  const { state, q } = route.useSearch();
  const source = rules({ state, q });
  return (
    <>
      <PageHead title="Detection rules" about="Sigma rules for runtime events, with the reason where one was refused" />
      <PolicyTabs />
      <div className="filters">
        <FilterSelect label="State" name="state" value={state} any="any" options={Object.keys(stamps)} />
        <QueryBox list="rules" value={q} placeholder="level>=high tag=attack.t1496" />
        <ExportLinks list="rules" q={queryText({ state }, q)} sort={undefined} />
      </div>
      <LiveTable
        label="Detection rules"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={<EmptyState title="No rule matches this filter" />}
      />
    </>
  );
}
