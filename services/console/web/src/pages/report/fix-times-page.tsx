import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';

import { fixTimeGroups } from '../../api/queries.js';
import type { FixTimeGroups } from '../../api/types.js';
import { FilterSelect, FilterText } from '../../parts/filters.js';
import { SeverityMark } from '../../parts/marks.js';
import { PageHead } from '../../parts/page.js';
import { EmptyState, Loaded } from '../../parts/states.js';
import { PrintButton, TableHeading } from './report-parts.js';
import { daysText, placesText } from './report-words.js';

const route = getRouteApi('/report/fixes');

/** Owners or repositories on the page; the file has all. */
const maxGroups = 200;

/** Times that fixes took, and what is open for longer than its limit, also for paper. */
export function FixTimesPage() {
  const { by = 'repository', days = '90', repository } = route.useSearch();
  const question = { by, days: Number(days), ...(repository !== undefined && { repository }) };
  return (
    <>
      <PageHead
        title="How long fixes take"
        about="From the first image with a vulnerability until no tag points to one and none runs"
        actions={
          <>
            <Link to="/report">What is unfixed</Link> <PrintButton />
          </>
        }
      />
      <div className="filters">
        <FilterSelect label="By" name="by" value={by} options={['repository', 'owner']} />
        <FilterSelect
          label="Fixed in"
          name="days"
          value={days}
          options={['30', '90', '365'].map((each) => [each, `the last ${each} days`] as const)}
        />
        <FilterText label="Repository" name="repository" value={repository} placeholder="shop/*" />
        <span className="exports">
          Export{' '}
          <a download href={`api/v1/fix-times/groups/export?${searchOf(question)}`}>
            CSV
          </a>
        </span>
      </div>
      <Loaded read={useQuery(fixTimeGroups(question))}>{(answer) => <Groups answer={answer} />}</Loaded>
    </>
  );
}

function searchOf({ days, ...question }: { by: string; days: number; repository?: string }): string {
  return new URLSearchParams({ ...question, days: String(days) }).toString();
}

function Groups({ answer: { by, days, groups } }: { answer: FixTimeGroups }) {
  if (groups.length === 0)
    return (
      <EmptyState title="No vulnerability has come or gone">
        <p>No image that was tagged or ran in this time had one.</p>
      </EmptyState>
    );
  return (
    <div className="report">
      <p className="sentence">
        Fixes of the last {daysText(days)} {placesText(by, groups.length)}, and what is open now.
      </p>
      {groups.slice(0, maxGroups).map(({ name, severities }) => (
        <section key={name ?? ''} className="section report-group">
          <h2>{name ?? (by === 'owner' ? 'Without an owner' : '')}</h2>
          <div className="report-table fix-times">
            <table role="table" aria-label={name ?? 'Without an owner'}>
              <thead role="rowgroup">
                <tr role="row">
                  <TableHeading className="mark">Severity</TableHeading>
                  <TableHeading className="number">Fixed</TableHeading>
                  <TableHeading className="number">Half within</TableHeading>
                  <TableHeading className="number">90 % within</TableHeading>
                  <TableHeading className="number">Open</TableHeading>
                  <TableHeading className="number">Over the limit</TableHeading>
                </tr>
              </thead>
              <tbody role="rowgroup">
                {severities.map((figures) => (
                  <FiguresRow key={figures.severity} figures={figures} />
                ))}
              </tbody>
            </table>
          </div>
        </section>
      ))}
      {groups.length > maxGroups && (
        <p className="quiet">{(groups.length - maxGroups).toLocaleString('en')} more are in the CSV.</p>
      )}
    </div>
  );
}

type Figures = FixTimeGroups['groups'][number]['severities'][number];

function FiguresRow({ figures }: { figures: Figures }) {
  const { severity, fixed, medianDays, p90Days, unknown, unknownBefore, open, limitDays, overdue, oldestDays } =
    figures;
  return (
    <tr role="row">
      <th scope="row" role="rowheader">
        <SeverityMark severity={severity} />
      </th>
      <td role="cell" className="number" data-title="Fixed">
        {fixed.toLocaleString('en')}
        {unknown > 0 && (
          <small className="quiet">
            {' '}
            and {unknown.toLocaleString('en')} of unknown age, before {unknownBefore}
          </small>
        )}
      </td>
      <td role="cell" className="number" data-title="Half within">
        {medianDays === null ? <None /> : daysText(medianDays)}
      </td>
      <td role="cell" className="number" data-title="90 % within">
        {p90Days === null ? <None /> : daysText(p90Days)}
      </td>
      <td role="cell" className="number" data-title="Open">
        {open.toLocaleString('en')}{' '}
        {oldestDays !== null && <small className="quiet">oldest {daysText(oldestDays)}</small>}
      </td>
      <td role="cell" className="number" data-title="Over the limit">
        {limitDays === null ? (
          <None />
        ) : (
          <>
            {overdue > 0 ? <b>{overdue.toLocaleString('en')}</b> : 0}{' '}
            <small className="quiet">of {daysText(limitDays)}</small>
          </>
        )}
      </td>
    </tr>
  );
}

function None() {
  return <span className="quiet">none</span>;
}
