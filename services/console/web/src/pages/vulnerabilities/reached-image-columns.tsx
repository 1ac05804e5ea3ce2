import { Link } from '@tanstack/react-router';

import type { ReachedImage } from '../../api/types.js';
import { Digest } from '../../parts/digest.js';
import { column } from '../../parts/table/columns.js';
import { counted } from '../../parts/words.js';
import { WorkloadLink } from '../workloads/workload-link.js';

/** Packages or paths that a row shows. */
const maxShown = 3;

export const reachedImageColumns = [
  column<ReachedImage>({
    id: 'image',
    title: 'Image',
    isName: true,
    cell: ({ digest, registry, repository, tag, platform, placeCount }) => (
      <>
        <Link to="/images/$digest" params={{ digest }} search={{ tab: 'fixes' }}>
          {repository === null ? 'not pushed' : `${repository}:${tag ?? ''}`}
        </Link>{' '}
        <Digest digest={digest} />
        <small className="quiet">
          {registry} {platform} {placeCount > 1 && `and ${counted(placeCount - 1, 'other tag')}`}
        </small>
      </>
    ),
  }),
  column<ReachedImage>({
    id: 'match',
    title: 'Match',
    cell: ({ packages, paths, notes, isMitigated, isUnknown }) => {
      const lines = [...packages.map(({ purl }) => purl), ...paths, ...notes];
      return (
        <>
          {[...new Set(lines)].slice(0, maxShown).map((line) => (
            <span key={line} className="mono wrap block">
              {line}
            </span>
          ))}
          {lines.length > maxShown && <small className="quiet">and {lines.length - maxShown} more</small>}
          {isMitigated && <small className="quiet">mitigated</small>}
          {isUnknown && <small className="quiet">the version could not be compared</small>}
        </>
      );
    },
  }),
  column<ReachedImage>({
    id: 'use',
    title: 'In use',
    kind: 'mark',
    cell: ({ packages }) => packages.some(({ inUse }) => inUse === true) && 'in use',
  }),
  column<ReachedImage>({
    id: 'workloads',
    title: 'Running in',
    cell: ({ workloads, workloadCount }) =>
      workloads === null ? (
        <span className="quiet">no sensor</span>
      ) : (
        <>
          {workloads.slice(0, maxShown).map(({ cluster, namespace, kind, name, exposed }) => (
            <span key={JSON.stringify([cluster, namespace, kind, name])} className="block">
              <WorkloadLink place={{ cluster, namespace, kind, name }} />{' '}
              {exposed === true && <small className="quiet">exposed</small>}
            </span>
          ))}
          {(workloadCount ?? 0) > maxShown && <small className="quiet">and {workloadCount! - maxShown} more</small>}
          {workloads.length === 0 && <span className="quiet">no workload</span>}
        </>
      ),
  }),
];
