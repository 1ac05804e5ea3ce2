import { Link } from '@tanstack/react-router';

import type { Unfixed } from '../../api/types.js';
import { SeverityCounts, SeverityMark } from '../../parts/marks.js';
import { TableHeading } from './report-parts.js';
import { daysText } from './report-words.js';

type Group = Unfixed['groups'][number];

/** The findings of an owner or repository, all in the document, so that a print has them. */
export function ReportGroup({ by, group }: { by: Unfixed['by']; group: Group }) {
  const { name, counts, fixable, oldest, overdue, rows, omitted } = group;
  const title = name ?? 'Without an owner';
  return (
    <section className="section report-group">
      <h2>{title}</h2>
      <p>
        <SeverityCounts counts={counts} />{' '}
        <span className="quiet">
          {fixable.toLocaleString('en')} fixable · oldest {daysText(oldest)}
        </span>
        {overdue > 0 && <b> · {overdue.toLocaleString('en')} over the limit</b>}
      </p>
      <div className="report-table">
        <table role="table" aria-label={title}>
          <thead role="rowgroup">
            <tr role="row">
              <TableHeading className="mark">Severity</TableHeading>
              <TableHeading>Vulnerability</TableHeading>
              <TableHeading>Package</TableHeading>
              <TableHeading>Fix</TableHeading>
              <TableHeading className="number">Images</TableHeading>
              <TableHeading className="number">Unfixed for</TableHeading>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map((row) => (
              <ReportRow key={`${row.repository} ${row.vulnerability} ${row.package}`} by={by} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {omitted > 0 && <p className="quiet">{omitted.toLocaleString('en')} more are in the CSV.</p>}
    </section>
  );
}

function ReportRow({ by, row }: { by: Unfixed['by']; row: Group['rows'][number] }) {
  const { vulnerability, repository, severity, kev, installed, fix, images, running, since, days, limitDays } = row;
  return (
    <tr role="row">
      <td role="cell">
        <SeverityMark severity={severity} />
      </td>
      <th scope="row" role="rowheader">
        <Link to="/vulnerabilities/$id" params={{ id: vulnerability }}>
          {vulnerability}
        </Link>{' '}
        {kev && <b>exploited</b>}
        {by === 'owner' && <small className="quiet">{repository}</small>}
      </th>
      <td role="cell">
        {row.package} <small className="quiet">{installed.join(', ')}</small>
      </td>
      <td role="cell" className="named" data-title="Fix">
        {fix ?? <span className="quiet">none</span>}
      </td>
      <td role="cell" className="number" data-title="Images">
        {images.toLocaleString('en')} {running === true && <small className="quiet">running</small>}
      </td>
      <td role="cell" className="number" data-title="Unfixed for">
        {days > (limitDays ?? Infinity) ? <b>{daysText(days)}</b> : daysText(days)}{' '}
        <small className="quiet">since {since.slice(0, 10)}</small>
      </td>
    </tr>
  );
}
