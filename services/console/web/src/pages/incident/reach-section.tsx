import { Link } from '@tanstack/react-router';
import { Fragment, lazy, type ReactNode, Suspense, useMemo } from 'react';

import type { IncidentDetail } from '../../api/types.js';
import { Section } from '../../parts/page.js';
import { Skeleton } from '../../parts/states.js';
import { counted } from '../../parts/words.js';
import { WorkloadLink } from '../workloads/workload-link.js';
import { placeOfWorkload } from '../workloads/workload-place.js';
import { reachGraph, reachSentence } from './reach-graph.js';
import { sharedArtifact } from './shared-artifact.js';

const ReachPicture = lazy(() => import('./reach-picture.js'));

/** Blast radius: a sentence, a picture and the same as a table. */
export function ReachSection({ incident }: { incident: IncidentDetail }) {
  const graph = useMemo(() => reachGraph(incident), [incident]);
  return (
    <Section title="Blast radius">
      <p>{reachSentence(incident)}</p>
      {graph.nodes.length > 1 && (
        <Suspense fallback={<Skeleton lines={3} />}>
          <ReachPicture graph={graph} />
        </Suspense>
      )}
      <ReachTable incident={incident} />
    </Section>
  );
}

interface Line {
  key: string;
  what: string;
  name: ReactNode;
  relation: ReactNode;
}

function ReachTable({ incident }: { incident: IncidentDetail }) {
  const lines = linesOf(incident);
  if (lines.length === 0) return null;
  return (
    <div className="table-box">
      <table role="table" aria-label="Blast radius">
        <thead role="rowgroup">
          <tr role="row">
            {['What', 'Name', 'Relation'].map((title) => (
              <th key={title} scope="col" role="columnheader">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {lines.map(({ key, what, name, relation }) => (
            <tr key={key} role="row">
              <td role="cell" data-title="What">
                {what}
              </td>
              <th scope="row" role="rowheader">
                {name}
              </th>
              <td role="cell" data-title="Relation">
                {relation}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function linesOf({ workloads, blastRadius: { images, workloads: reached, incidents } }: IncidentDetail): Line[] {
  return [
    ...workloads.map(({ workload, cluster, pods }) => ({
      key: `workload ${cluster} ${workload}`,
      what: 'workload',
      name: <ReachedWorkload workload={workload} cluster={cluster} />,
      relation: `affected, ${counted(pods.length, 'pod')}`,
    })),
    ...reached.items.map(({ workload, cluster, shares, exposed }) => ({
      key: `reached ${cluster} ${workload}`,
      what: 'workload',
      name: <ReachedWorkload workload={workload} cluster={cluster} />,
      relation: `runs the same ${shares}${exposed === true ? ', exposed by a service' : ''}`,
    })),
    ...images.items.map(({ registry, repository, tag, digest, shares }) => ({
      key: `image ${registry}/${repository}:${tag}`,
      what: 'image',
      name: (
        <Link to="/images/$digest" params={{ digest }}>
          {`${registry}/${repository}:${tag}`}
        </Link>
      ),
      relation: shares === 'image' ? 'points to this image' : `has the same ${shares}`,
    })),
    ...incidents.map(({ id, number, title, shares }) => ({
      key: id,
      what: 'incident',
      name: (
        <Link to="/incidents/$id" params={{ id }}>
          {`INC-${number} ${title}`}
        </Link>
      ),
      relation: <SharedArtifacts shares={shares} />,
    })),
  ];
}

function SharedArtifacts({ shares }: { shares: readonly string[] }) {
  return (
    <>
      has the same{' '}
      {shares.map((share, index) => {
        const { text, search } = sharedArtifact(share);
        return (
          <Fragment key={share}>
            {index > 0 && ', '}
            {search === null ? (
              text
            ) : (
              <Link to="/vulnerabilities" search={{ tab: 'search', ...search }}>
                {text}
              </Link>
            )}
          </Fragment>
        );
      })}
    </>
  );
}

function ReachedWorkload({ workload, cluster }: { workload: string; cluster: string | null }) {
  const place = placeOfWorkload(workload, cluster);
  if (place !== null) return <WorkloadLink place={place} />;
  return (
    <>
      {workload} <small className="quiet">{cluster}</small>
    </>
  );
}
