import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Navigate } from '@tanstack/react-router';

import { incident } from '../../api/queries.js';
import type { IncidentDetail } from '../../api/types.js';
import { Digest } from '../../parts/digest.js';
import { SeverityMark, Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Facts, PageHead, Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { counted } from '../../parts/words.js';
import { WorkloadFindings } from '../workloads/workload-findings.js';
import { WorkloadLink } from '../workloads/workload-link.js';
import { placeOfWorkload } from '../workloads/workload-place.js';
import { ContainmentSection } from './containment-section.js';
import { Evidence } from './evidence.js';
import { ImageContext } from './image-context.js';
import { IncidentActions } from './incident-actions.js';
import { Notified } from './notified.js';
import { ProcessSection } from './process-section.js';
import { ReachSection } from './reach-section.js';
import { RuleCredits } from './rule-credits.js';
import { SimilarIncidents } from './similar-incidents.js';
import { Timeline } from './timeline.js';
import { TriageState } from './triage-state.js';

const route = getRouteApi('/incidents/$id');

/**
 * One incident: what happened, how far it reaches, what to do, who was notified. An address with
 * its display name, which people type and paste, becomes the one with its id.
 */
export function IncidentPage() {
  const { id } = route.useParams();
  return (
    <Loaded isPage read={useQuery(incident(id))}>
      {(known) =>
        known.id === id ? (
          <Story incident={known} />
        ) : (
          <Navigate to="/incidents/$id" params={{ id: known.id }} replace />
        )
      }
    </Loaded>
  );
}

function Story({ incident }: { incident: IncidentDetail }) {
  const { number, title, sentence, state, nextSteps, timeline, workload, cluster } = incident;
  const isOfKubernetes = workload?.split('/').length === 3;
  return (
    <>
      <PageHead
        title={`INC-${number} ${title}`}
        about={<State incident={incident} />}
        actions={<IncidentActions incident={incident} hasKeys />}
      />
      <p className="sentence">{sentence}</p>
      <IncidentFacts incident={incident} />
      {state === 'open' && nextSteps.length > 0 && (
        <Section title="What to do">
          <ol className="steps">
            {nextSteps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
        </Section>
      )}
      <ContainmentSection incidentId={incident.id} />
      <Section title="Timeline" note="push, steps, work on the incident, comments and messages">
        <Timeline entries={timeline} />
      </Section>
      <ProcessSection incident={incident} />
      <ReachSection incident={incident} />
      <ImageContext incident={incident} />
      {isOfKubernetes && <WorkloadFindings filter={{ workload, ...(cluster !== null && { cluster }) }} />}
      <SimilarIncidents incident={incident} />
      <Notified incidentId={incident.id} />
      <Evidence incident={incident} />
      <RuleCredits rules={incident.rules} />
    </>
  );
}

function State({ incident }: { incident: IncidentDetail }) {
  const { severity, state, resolvedAt, firstSeen } = incident;
  return (
    <>
      <SeverityMark severity={severity} /> <Stamp kind={state === 'open' ? 'bad' : 'good'}>{state}</Stamp>{' '}
      <TriageState incident={incident} />{' '}
      {resolvedAt === null ? (
        <>
          since <Moment at={firstSeen} isAbsolute />
        </>
      ) : (
        <Moment at={resolvedAt} isAbsolute />
      )}
    </>
  );
}

function IncidentFacts({ incident }: { incident: IncidentDetail }) {
  const { workload, cluster, image, imageDigest, count, lastSeen, techniques, mergedInto } = incident;
  const place = workload === null ? null : placeOfWorkload(workload, cluster);
  return (
    <Facts
      facts={[
        ['Workload', place === null ? workload : <WorkloadLink key="workload" place={place} />],
        ['Cluster', place === null && cluster],
        [
          'Image',
          image === null ? null : (
            <>
              {imageDigest === null ? (
                image
              ) : (
                <Link to="/images/$digest" params={{ digest: imageDigest }}>
                  {image}
                </Link>
              )}{' '}
              {imageDigest !== null && <Digest digest={imageDigest} />}
            </>
          ),
        ],
        ['Events', counted(count, 'event')],
        ['Last event', <Moment key="last" at={lastSeen} />],
        ['Techniques', techniques.join(', ')],
        ['Merged into', mergedInto],
      ]}
    />
  );
}
