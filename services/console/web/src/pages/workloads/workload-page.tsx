import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';

import { workload } from '../../api/queries.js';
import type { WorkloadDetail } from '../../api/types.js';
import { SeverityMark, Stamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Facts, PageHead, Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { counted } from '../../parts/words.js';
import { runningReference } from '../compare/reference.js';
import { placeQuery } from './place-query.js';
import { RunTable } from './run-table.js';
import { UsedPackages } from './used-packages.js';
import { FindingLines } from './workload-findings.js';
import { WorkloadImageLine } from './workload-images.js';
import { workloadState } from './workload-state.js';

const route = getRouteApi('/workloads/$cluster/$namespace/$kind/$name');

/** One workload: what it runs, how it is configured, and what happened in it. */
export function WorkloadPage() {
  const place = route.useParams();
  return (
    <Loaded isPage read={useQuery(workload(place))}>
      {(known) => <WorkloadView known={known} />}
    </Loaded>
  );
}

function WorkloadView({ known }: { known: WorkloadDetail }) {
  const { namespace, kind, name, images, runs, inUse, findings, incidentList } = known;
  return (
    <>
      <PageHead
        title={`${kind} ${namespace}/${name}`}
        about={<Trail known={known} />}
        actions={
          images.length > 0 && (
            <Link to="/compare" search={{ from: runningReference(known) }} className="button">
              Compare with…
            </Link>
          )
        }
      />
      <WorkloadFacts known={known} />
      <Section title="Images" note={images.length}>
        {images.length === 0 && <p className="quiet">No sensor has reported a container of it in the last day.</p>}
        <ul className="lines">
          {images.map((image) => (
            <li key={image.digest}>
              <WorkloadImageLine image={image} />
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Incidents" note={incidentList.length}>
        {incidentList.length === 0 && <p className="quiet">Nothing was reported.</p>}
        <ul className="lines">
          {incidentList.map(({ id, number, title, severity, state, lastSeen }) => (
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
      <RunTable runs={runs} />
      <Section title="Misconfiguration" note={findings.length}>
        {findings.length === 0 && <p className="quiet">No check fails.</p>}
        <FindingLines findings={findings} />
      </Section>
      <UsedPackages packages={inUse} images={images} />
    </>
  );
}

/** Way from all workloads down to this one. */
function Trail({ known: { cluster, namespace } }: { known: WorkloadDetail }) {
  return (
    <nav aria-label="Place of the workload">
      <Link to="/workloads" search={{ tab: 'namespaces' }}>
        Clusters
      </Link>{' '}
      <span aria-hidden="true">›</span>{' '}
      {cluster === '' ? (
        'without a name'
      ) : (
        <Link to="/workloads" search={{ q: placeQuery(cluster) }}>
          {cluster}
        </Link>
      )}{' '}
      <span aria-hidden="true">›</span>{' '}
      <Link to="/workloads" search={{ q: placeQuery(cluster, namespace) }}>
        {namespace}
      </Link>
    </nav>
  );
}

function WorkloadFacts({ known }: { known: WorkloadDetail }) {
  const { containers, severity, exposed, privileged, runs, firstSeen, lastSeen } = known;
  const pods = new Set(runs.filter(({ isRunning }) => isRunning).map(({ pod }) => pod)).size;
  const accounts = [...new Set(runs.flatMap(({ serviceAccount }) => serviceAccount ?? []))];
  return (
    <Facts
      facts={[
        [
          'State',
          <Stamp key="state" kind={containers > 0 ? 'good' : 'neutral'}>
            {workloadState(known)}
          </Stamp>,
        ],
        ['Worst finding', severity !== null && <SeverityMark severity={severity} />],
        ['Runs', `${counted(pods, 'pod')}, ${counted(containers, 'container')}`],
        ['Reachable', exposed === null ? 'not known' : exposed ? 'exposed by a service' : 'inside of the cluster'],
        ['Privileged', privileged === null ? 'not known' : privileged ? 'yes' : 'no'],
        ['Service account', accounts.join(', ')],
        ['First seen', firstSeen !== null && <Moment at={firstSeen} />],
        ['Last seen', lastSeen !== null && <Moment at={lastSeen} />],
      ]}
    />
  );
}
