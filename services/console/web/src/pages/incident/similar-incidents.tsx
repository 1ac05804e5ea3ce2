import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { incidentsMatching } from '../../api/queries.js';
import type { Incident, IncidentDetail } from '../../api/types.js';
import { SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { counted, dotted } from '../../parts/words.js';
import { reasonWords } from '../incidents/triage-acts.js';
import { sharedArtifact } from './shared-artifact.js';
import { hasFindings, similarQuery } from './similar-query.js';

/** Other incidents of the same workload or image, with how they ended. */
export function SimilarIncidents({ incident }: { incident: IncidentDetail }) {
  const query = similarQuery(incident);
  const { data } = useQuery({ ...incidentsMatching(query ?? ''), enabled: query !== null });
  const others = data?.items.filter(({ id }) => id !== incident.id) ?? [];
  if (others.length === 0) return null;
  return (
    <Section title="Similar incidents" note={counted(others.length, 'incident')}>
      <ul className="lines">
        {others.map((other) => (
          <SimilarLine key={other.id} other={other} shared={sharedWith(incident, other)} />
        ))}
      </ul>
    </Section>
  );
}

function SimilarLine({ other, shared }: { other: Incident; shared: string }) {
  const { id, number, title, severity, state, resolution, resolvedBy, lastSeen } = other;
  return (
    <li>
      <SeverityMark severity={severity} />{' '}
      <Link to="/incidents/$id" params={{ id }}>
        INC-{number} {title}
      </Link>{' '}
      {resolution === null ? state : `resolved as ${reasonWords[resolution].toLowerCase()}`}
      {resolvedBy !== null && ` by ${resolvedBy}`} <small className="quiet">{shared}</small> <Moment at={lastSeen} />
    </li>
  );
}

function sharedWith(incident: IncidentDetail, other: Incident): string {
  const { shares = [] } = incident.blastRadius.incidents.find(({ id }) => id === other.id) ?? {};
  return dotted(
    incident.workload !== null && other.workload === incident.workload && 'same workload',
    incident.imageDigest !== null && other.imageDigest === incident.imageDigest && 'same image',
    hasFindings(other, incident) && 'same findings',
    ...shares.map((share) => `same ${sharedArtifact(share).text}`),
  );
}
