import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { ApiProblem } from '../../api/problem.js';
import { pushChanges } from '../../api/queries.js';
import type { PushChanges } from '../../api/types.js';
import { Digest } from '../../parts/digest.js';
import { EmptyState, Loaded } from '../../parts/states.js';
import { dotted } from '../../parts/words.js';
import { FindingChanges } from './finding-changes.js';
import { OtherChanges } from './other-changes.js';
import { TabLink } from './tab-link.js';

/** Changes of a push against its baseline: findings first, then what brought them. */
export function ChangesTab({ pushId }: { pushId: string | undefined }) {
  const read = useQuery({ ...pushChanges(pushId ?? ''), enabled: pushId !== undefined, retry: false });
  if (pushId === undefined) return <EmptyState title="No push of this image is known, so it is compared with none" />;
  if (read.error instanceof ApiProblem && read.error.code === 'PUSH_CHANGES_UNKNOWN')
    return (
      <EmptyState title="The first image of its line">
        <p>
          It has no earlier version to compare with. See its <TabLink tab="fixes">fixes</TabLink> and{' '}
          <TabLink tab="findings">findings</TabLink>.
        </p>
      </EmptyState>
    );
  return <Loaded read={read}>{(changes) => <Comparison changes={changes} />}</Loaded>;
}

const reasons: Record<NonNullable<PushChanges['comparedWith']>['reason'], string> = {
  configured: 'as configured',
  'same-tag': 'the image that the tag pointed to before',
  'previous-version': 'the version before it in its line',
  'previous-push': 'the push before it in its repository',
};

function Comparison({ changes }: { changes: PushChanges }) {
  const { comparedWith, pushers, isComplete } = changes;
  return (
    <>
      {comparedWith && (
        <p>
          Compared with{' '}
          <Link to="/images/$digest" params={{ digest: comparedWith.digest }}>
            {comparedWith.tag ?? 'the image'}
          </Link>{' '}
          <Digest digest={comparedWith.digest} />{' '}
          <small className="quiet">
            {dotted(
              reasons[comparedWith.reason],
              comparedWith.line && `line ${comparedWith.line}`,
              pusherText(pushers),
            )}
          </small>
        </p>
      )}
      {!isComplete && <p>Not everything could be compared: some layers were not read.</p>}
      <FindingChanges findings={changes.findings} />
      <OtherChanges changes={changes} />
    </>
  );
}

function pusherText(pushers: PushChanges['pushers']): string | null {
  if (!pushers || pushers.before === pushers.after) return null;
  return `pushed by ${pushers.after ?? 'an unknown account'}, before by ${pushers.before ?? 'an unknown account'}`;
}
