import './day-chart.css';

import { useQuery } from '@tanstack/react-query';

import { fixTimes, type RepositoryName } from '../../api/queries.js';
import { SeverityMark } from '../marks.js';
import { Section } from '../page.js';

/** Time that fixes take, by severity, in a repository or in the fleet. */
export function FixTimes({ place }: { place: RepositoryName | null }) {
  const { data } = useQuery(fixTimes(place));
  const severities = data?.severities ?? [];
  if (severities.length === 0) return null;
  return (
    <Section title="How long fixes take" note="last 90 days">
      <p className="quiet">
        From the first image with a vulnerability until {place === null ? 'no image' : 'no tag'} has it.
      </p>
      <div className="chart-numbers" tabIndex={0} role="region" aria-label="Times by severity">
        <table>
          <thead>
            <tr>
              <th scope="col">Severity</th>
              <th scope="col">Fixed</th>
              <th scope="col">Open</th>
            </tr>
          </thead>
          <tbody>
            {severities.map(({ severity, fixed, fixedDays, open, openDays }) => (
              <tr key={severity}>
                <th scope="row">
                  <SeverityMark severity={severity} />
                </th>
                <td>
                  {fixed.toLocaleString('en')} {fixedDays !== null && <small>median {daysText(fixedDays)}</small>}
                </td>
                <td>
                  {open.toLocaleString('en')} {openDays !== null && <small>median age {daysText(openDays)}</small>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function daysText(days: number): string {
  if (days < 1) return `${Math.round(days * 24)} h`;
  return `${days < 10 ? days.toFixed(1) : Math.round(days).toLocaleString('en')} days`;
}
