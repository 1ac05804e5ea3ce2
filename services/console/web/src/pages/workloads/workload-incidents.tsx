import { Link } from '@tanstack/react-router';

import { incidents } from '../../api/lists.js';
import { useLiveList } from '../../live/live-list.js';
import { SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';

/** Incidents of one workload, newest first, of those that are read. */
export function WorkloadIncidents({ workload, cluster }: { workload: string; cluster: string | undefined }) {
  const { rows } = useLiveList(incidents({}));
  const some = rows.filter((each) => each.workload === workload && (cluster === undefined || each.cluster === cluster));
  if (some.length === 0) return null;
  return (
    <Section title="Incidents" note={some.length}>
      <ul className="lines">
        {some.map(({ id, number, title, severity, state, lastSeen }) => (
          <li key={id}>
            <SeverityMark severity={severity} />{' '}
            <Link to="/incidents/$id" params={{ id }}>
              INC-{number} {title}
            </Link>{' '}
            <small className="quiet">{state}</small> <Moment at={lastSeen} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
