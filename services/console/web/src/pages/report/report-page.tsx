import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { staleFleet } from '@tidewaiter/domain';

import { reportRun, reportRuns, unfixed } from '../../api/queries.js';
import type { ReportRun, Unfixed } from '../../api/types.js';
import { FilterSelect } from '../../parts/filters.js';
import { PageHead } from '../../parts/page.js';
import { QueryBox } from '../../parts/query-box.js';
import { absoluteTime } from '../../parts/relative-time.js';
import { EmptyState, Loaded } from '../../parts/states.js';
import { useScopedQuery } from '../../scope/use-scope.js';
import { ReportGroup } from './report-group.js';
import { PrintButton } from './report-parts.js';
import { placesText, rightsText, usualQuery } from './report-words.js';

const live = getRouteApi('/report');
const stored = getRouteApi('/report/$run');

/** Unfixed findings of now with their ages, for the screen and for paper. */
export function ReportPage() {
  const { by = 'repository', q = usualQuery } = live.useSearch();
  const scoped = useScopedQuery('vulnerabilities', q) ?? '';
  return (
    <>
      <PageHead
        title="Unfixed vulnerabilities"
        about="What is unfixed, and for how long"
        actions={
          <>
            <Link to="/report/fixes" search={{ by }}>
              How long fixes take
            </Link>{' '}
            <PrintButton />
          </>
        }
      />
      <div className="filters">
        <FilterSelect label="By" name="by" value={by} options={['repository', 'owner']} />
        <QueryBox list="vulnerabilities" value={q} placeholder={usualQuery} />
        <span className="exports">
          Export{' '}
          <a download href={`api/v1/unfixed/export?${new URLSearchParams({ by, q: scoped }).toString()}`}>
            CSV
          </a>
        </span>
        <RunChoice chosen="" />
      </div>
      <Loaded read={useQuery(unfixed({ by, q: scoped }))}>{(report) => <Report report={report} />}</Loaded>
    </>
  );
}

/** A report as it was sent. */
export function StoredReportPage() {
  const { run: id } = stored.useParams();
  return (
    <Loaded read={useQuery(reportRun(id))}>
      {(report) => (
        <>
          <PageHead
            title={`Report ${report.run.report}`}
            about={`What was unfixed${rightsText(report.run)}`}
            actions={<PrintButton />}
          />
          <div className="filters">
            <span className="exports">
              Export{' '}
              <a download href={`api/v1/report-runs/${id}/csv`}>
                CSV
              </a>
            </span>
            <RunChoice chosen={id} />
          </div>
          {report.run.problem !== null && <p role="note">It was not sent: {report.run.problem}.</p>}
          <Report report={report} />
        </>
      )}
    </Loaded>
  );
}

/** The report of now, or one that was sent. */
function RunChoice({ chosen }: { chosen: string }) {
  const navigate = useNavigate();
  const { data } = useQuery(reportRuns);
  const made = (data?.items ?? []).filter(({ madeAt }) => madeAt !== null);
  if (made.length === 0) return null;
  return (
    <span className="filter">
      <label htmlFor="report-run">Report</label>
      <select
        id="report-run"
        value={chosen}
        onChange={({ target: { value } }) =>
          void (value === '' ? navigate({ to: '/report' }) : navigate({ to: '/report/$run', params: { run: value } }))
        }
      >
        <option value="">Now</option>
        {made.map(({ id, report, madeAt }) => (
          <option key={id} value={id}>
            {report}, {absoluteTime(madeAt ?? '')}
          </option>
        ))}
      </select>
    </span>
  );
}

function Report({ report: { by, query, at, asOf, groups, total } }: { report: Unfixed | ReportRun }) {
  const age = staleFleet(asOf, Date.parse(at), absoluteTime);
  if (total === 0)
    return (
      <EmptyState title={age === null ? 'Nothing is unfixed' : 'Not up to date'}>
        <p>
          {age ?? (
            <>
              No image that is tagged or runs has a vulnerability of <code>{query || 'any kind'}</code>.
            </>
          )}
        </p>
      </EmptyState>
    );
  return (
    <div className="report">
      {age !== null && <p role="note">{age}</p>}
      <p className="sentence">
        {total.toLocaleString('en')} unfixed {placesText(by, groups.length)}, as of {absoluteTime(asOf ?? at)}
        {query !== '' && (
          <>
            , for <code>{query}</code>
          </>
        )}
        .
      </p>
      {groups.map((group) => (
        <ReportGroup key={group.name ?? ''} by={by} group={group} />
      ))}
      <p className="quiet screen-only">
        <Link to="/policies/reports">Scheduled reports</Link> send this by mail and to channels.
      </p>
    </div>
  );
}
