import { Link } from '@tanstack/react-router';

import type { Push } from '../../api/types.js';
import { Digest } from '../../parts/digest.js';
import { SeverityCounts, VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { column } from '../../parts/table/columns.js';
import { counted, nameOf } from '../../parts/words.js';
import { PushLink } from './push-link.js';

export const pushColumns = [
  column<Push>({ id: 'verdict', title: 'Verdict', kind: 'mark', cell: (push) => <VerdictStamp push={push} /> }),
  column<Push>({ id: 'image', title: 'Image', isName: true, cell: (push) => <PushName push={push} /> }),
  column<Push>({
    id: 'findings',
    title: 'Findings',
    kind: 'counts-cell',
    cell: ({ counts }) => counts !== null && <SeverityCounts counts={counts} />,
  }),
  column<Push>({
    id: 'by',
    title: 'Pushed by',
    cell: ({ pushedBy, connection }) => (
      <>
        {pushedBy} <small className="quiet">via {connection}</small>
      </>
    ),
  }),
  column<Push>({ id: 'when', title: 'When', kind: 'when', cell: ({ receivedAt }) => <Moment at={receivedAt} /> }),
  column<Push>({ id: 'compare', title: 'Compare', kind: 'act', cell: (push) => <CompareLink push={push} /> }),
];

/** Leads to the comparison with what the tag pointed to before, or with an image to choose. */
function CompareLink({ push: { digest, previousDigest, state, ...push } }: { push: Push }) {
  if (digest === null || state !== 'analyzed') return null;
  return (
    <Link
      to="/compare"
      search={{ to: digest, ...(previousDigest !== null && previousDigest !== digest && { from: previousDigest }) }}
      aria-label={`Compare ${nameOf(push)} with another image`}
    >
      compare
    </Link>
  );
}

function PushName({ push }: { push: Push }) {
  const { id, digest, claimedDigest, reason, code, warningCount } = push;
  const known = digest ?? claimedDigest;
  return (
    <>
      <PushLink push={push} /> {known !== null && <Digest key={`${id} ${known}`} digest={known} />}{' '}
      {reason !== null && (
        <small className="quiet">
          {reason} ({code})
        </small>
      )}
      {reason === null && warningCount > 0 && <small className="quiet">{counted(warningCount, 'warning')}</small>}
    </>
  );
}
