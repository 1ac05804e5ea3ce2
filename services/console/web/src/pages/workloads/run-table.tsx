import { Link } from '@tanstack/react-router';

import type { WorkloadDetail } from '../../api/types.js';
import { Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { counted, dotted, shortDigest } from '../../parts/words.js';
import { podsOf } from './pods.js';

type Run = WorkloadDetail['runs'][number];

/** Pods that are shown with their containers. */
const maxPods = 50;

/** Pods of the last 30 days, running ones first, each with its containers. */
export function RunTable({ runs }: { runs: readonly Run[] }) {
  const pods = podsOf(runs);
  const running = pods.filter(({ isRunning }) => isRunning).length;
  return (
    <Section title="Pods and containers" note={`${running} running`}>
      {pods.length === 0 && <p className="quiet">No sensor has reported a container of it.</p>}
      <ul className="lines">
        {pods.slice(0, maxPods).map(({ pod, node, isRunning, containers }) => (
          <li key={pod}>
            <details open={isRunning && running <= 3}>
              <summary>
                <Stamp kind={isRunning ? 'good' : 'neutral'}>{isRunning ? 'running' : 'ended'}</Stamp> {pod}{' '}
                <small className="quiet">
                  {dotted(counted(containers.length, 'container'), node !== null && `on ${node}`)}
                </small>
              </summary>
              <ul className="lines">
                {containers.map((run) => (
                  <li key={run.containerId}>
                    <ContainerLine run={run} />
                  </li>
                ))}
              </ul>
            </details>
          </li>
        ))}
      </ul>
      {pods.length > maxPods && <p className="quiet">{pods.length - maxPods} more pods by the API</p>}
    </Section>
  );
}

function ContainerLine({ run }: { run: Run }) {
  const { containerId, name, kind, imageDigest, repository, tag, privileged, isRunning, firstSeen, endedAt } = run;
  const image = repository === null ? null : [repository, tag].filter(Boolean).join(':');
  return (
    <>
      <b>{name ?? containerId.slice(0, 12)}</b>{' '}
      {imageDigest === null ? (
        image
      ) : (
        <Link to="/images/$digest" params={{ digest: imageDigest }}>
          {image ?? `@${shortDigest(imageDigest)}`}
        </Link>
      )}{' '}
      <small className="quiet">
        {dotted(
          kind !== 'app' && kind,
          privileged === true && 'privileged',
          name !== null && containerId.slice(0, 12),
          !isRunning && 'ended',
        )}
      </small>{' '}
      since <Moment at={firstSeen} />
      {endedAt !== null && (
        <>
          {' '}
          until <Moment at={endedAt} />
        </>
      )}
    </>
  );
}
