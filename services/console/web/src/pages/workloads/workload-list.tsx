import { workloads } from '../../api/lists.js';
import type { Workload } from '../../api/types.js';
import { useLiveList } from '../../live/live-list.js';
import { ExportLinks } from '../../parts/export-links.js';
import { FilterSelect } from '../../parts/filters.js';
import { SeverityCounts, SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { QueryBox } from '../../parts/query-box.js';
import { EmptyState } from '../../parts/states.js';
import { column } from '../../parts/table/columns.js';
import { LiveTable } from '../../parts/table/live-table.js';
import { counted, dotted } from '../../parts/words.js';
import { useScopedQuery } from '../../scope/use-scope.js';
import { WorkloadImageLine } from './workload-images.js';
import { WorkloadLink } from './workload-link.js';
import { workloadOrders, type workloadOrderNames } from './workload-orders.js';
import { workloadState } from './workload-state.js';

/** Images of a row; the page of the workload has all. */
const maxImages = 2;

const columns = [
  column<Workload>({
    id: 'severity',
    title: 'Worst finding',
    kind: 'mark',
    cell: ({ severity }) => severity !== null && <SeverityMark severity={severity} />,
  }),
  column<Workload>({
    id: 'workload',
    title: 'Workload',
    kind: 'wide',
    isName: true,
    cell: (workload) => (
      <>
        <WorkloadLink place={workload} />{' '}
        <small className="quiet">
          {dotted(workload.exposed && 'exposed by a service', workload.privileged && 'privileged')}
        </small>
      </>
    ),
  }),
  column<Workload>({ id: 'images', title: 'Images', cell: ({ images }) => <Images images={images} /> }),
  column<Workload>({
    id: 'misconfigurations',
    title: 'Misconfiguration',
    kind: 'counts-cell',
    cell: ({ misconfigurations }) => <SeverityCounts counts={misconfigurations} />,
  }),
  column<Workload>({
    id: 'incidents',
    title: 'Incidents',
    cell: ({ incidents }) => (incidents === 0 ? '' : counted(incidents, 'open incident')),
  }),
  column<Workload>({
    id: 'containers',
    title: 'Runs',
    cell: (workload) =>
      workload.containers === 0 ? (
        <span className="quiet">{workloadState(workload)}</span>
      ) : (
        counted(workload.containers, 'container')
      ),
  }),
  column<Workload>({
    id: 'seen',
    title: 'Seen',
    kind: 'when',
    cell: ({ lastSeen }) => lastSeen !== null && <Moment at={lastSeen} />,
  }),
];

function Images({ images }: { images: Workload['images'] }) {
  const hidden = images.length - maxImages;
  return (
    <>
      {images.slice(0, maxImages).map((image) => (
        <div key={image.digest}>
          <WorkloadImageLine image={image} />
        </div>
      ))}
      {hidden > 0 && <small className="quiet">{hidden} more</small>}
    </>
  );
}

interface Props {
  q: string | undefined;
  sort: (typeof workloadOrderNames)[number] | undefined;
}

/** Workloads with their images, posture and open incidents. */
export function WorkloadList({ q, sort = '-urgency' }: Props) {
  const scoped = useScopedQuery('workloads', q);
  const source = workloads({ q: scoped, sort });
  return (
    <>
      <div className="filters">
        <FilterSelect label="Order" name="sort" value={sort} options={workloadOrders} />
        <QueryBox list="workloads" value={q} placeholder="cluster=eu1 namespace=shop verdict=fail exposed" />
        <ExportLinks list="workloads" q={scoped ?? ''} sort={sort} />
      </div>
      <LiveTable
        label="Workloads"
        list={useLiveList(source)}
        columns={columns}
        keyOf={source.keyOf}
        empty={scoped === undefined ? <NoWorkloads /> : <EmptyState title="No workload matches this filter" />}
      />
    </>
  );
}

function NoWorkloads() {
  return (
    <EmptyState title="No sensor has reported a workload">
      <p>
        What runs is known from Falco, Tetragon, Tracee, the audit log or the watch of Kubernetes: see docs/sensors.md.
      </p>
    </EmptyState>
  );
}
