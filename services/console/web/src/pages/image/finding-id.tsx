import { Link } from '@tanstack/react-router';

import type { ImageFinding } from '../../api/types.js';

/** Id of a finding; a vulnerability leads to its page. */
export function FindingId({ finding: { kind, id } }: { finding: Pick<ImageFinding, 'kind' | 'id'> }) {
  if (kind !== 'vulnerability') return id;
  return (
    <Link to="/vulnerabilities/$id" params={{ id }}>
      {id}
    </Link>
  );
}
