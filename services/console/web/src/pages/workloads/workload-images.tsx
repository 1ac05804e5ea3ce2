import { Link } from '@tanstack/react-router';

import type { Workload } from '../../api/types.js';
import { SeverityMark, VerdictStamp } from '../../parts/marks.js';
import { nameOf, shortDigest } from '../../parts/words.js';

type WorkloadImage = Workload['images'][number];

/** An image that a workload runs, with the verdict of its newest push. */
export function WorkloadImageLine({ image }: { image: WorkloadImage }) {
  const { digest, repository, tag, verdict, severity } = image;
  return (
    <>
      <Link to="/images/$digest" params={{ digest }}>
        {repository === null ? `@${shortDigest(digest)}` : nameOf({ repository, tag })}
      </Link>{' '}
      {repository === null ? (
        <small className="quiet">never pushed through Tidewaiter</small>
      ) : (
        <VerdictStamp push={{ state: 'analyzed', verdict }} />
      )}{' '}
      {severity !== null && <SeverityMark severity={severity} />}
    </>
  );
}
