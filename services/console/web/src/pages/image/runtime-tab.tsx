import type { Reach } from '../../api/types.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { EmptyState, Skeleton } from '../../parts/states.js';
import { counted, dotted } from '../../parts/words.js';
import { WorkloadFindings } from '../workloads/workload-findings.js';
import { WorkloadLink } from '../workloads/workload-link.js';
import { workloadsOf } from './image-context.js';

/** Workloads that run the image or did, and how they are configured. */
export function RuntimeTab({ digest, places }: { digest: string; places: Reach | undefined }) {
  if (places === undefined) return <Skeleton />;
  const workloads = workloadsOf(places);
  return (
    <>
      <Section title="Workloads" note={workloads.length}>
        {workloads.length === 0 && <NoWorkloads isKnown={places.counts.workloads !== null} />}
        <ul className="lines">
          {workloads.map(({ cluster, namespace, kind, name, running, containers, pods, since, until, exposed }) => (
            <li key={JSON.stringify([cluster, namespace, kind, name])}>
              <Stamp kind={running > 0 ? 'good' : 'neutral'}>{running > 0 ? 'running' : 'ended'}</Stamp>{' '}
              <WorkloadLink place={{ cluster, namespace, kind, name }} />{' '}
              <small className="quiet">
                {dotted(
                  counted(pods.length, 'pod'),
                  `${running} of ${counted(containers, 'container')} running`,
                  exposed && 'exposed by a service',
                )}
              </small>{' '}
              since <Moment at={since} />
              {until !== null && (
                <>
                  {' '}
                  until <Moment at={until} />
                </>
              )}
            </li>
          ))}
        </ul>
      </Section>
      <WorkloadFindings filter={{ image: digest }} />
    </>
  );
}

function NoWorkloads({ isKnown }: { isKnown: boolean }) {
  if (isKnown) return <EmptyState title="No workload runs this image" />;
  return (
    <EmptyState title="No sensor reports containers">
      <p>Where an image runs is known from Falco, Tetragon, Tracee or the Kubernetes watch: see docs/sensors.md.</p>
    </EmptyState>
  );
}
