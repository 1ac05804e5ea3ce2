import { Link } from '@tanstack/react-router';

import type { Unfixed } from '../../api/types.js';
import { SeverityCounts, SeverityMark } from '../../parts/marks.js';
import { daysText } from './report-words.js';

type Group = Unfixed['groups'][number];

/** The findings of an owner or repository, all in the document, so that a print has them. */
export function ReportGroup({ by, group }: { by: Unfixed['by']; group: Group }) {
  const { name, counts, fixable, oldest, rows, omitted } = group;
  const title = name ?? 'Without an owner';
  return (
    <section className="section report-group">
      <h2>{title}</h2>
      <p>
        <SeverityCounts counts={counts} />{' '}
        <span className="quiet">
          {fixable.toLocaleString('en')} fixable · oldest {daysText(oldest)}
        </span>
      </p>
      <div className="report-table">
        <table role="table" aria-label={title}>
          <thead role="rowgroup">
            <tr role="row">
              <Heading className="mark">Severity</Heading>
              <Heading>Vulnerability</Heading>
              <Heading>Package</Heading>
              <Heading>Fix</Heading>
              <Heading className="number">Images</Heading>
              <Heading className="number">Unfixed for</Heading>
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

function Heading({ className, children }: { className?: string; children: string }) {
  return (
    <th scope="col" role="columnheader" className={className}>
      {children}
    </th>
  );
}

function ReportRow({ by, row }: { by: Unfixed['by']; row: Group['rows'][number] }) {
  const { vulnerability, repository, severity, kev, installed, fix, images, running, since, days } = row;
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
      <td role="cell">{fix ?? <span className="quiet">none</span>}</td>
      <td role="cell" className="number" data-title="Images">
        {images.toLocaleString('en')} {running === true && <small className="quiet">running</small>}
      </td>
      <td role="cell" className="number" data-title="Unfixed for">
        {daysText(days)} <small className="quiet">since {since.slice(0, 10)}</small>
      </td>
    </tr>
  );
}
