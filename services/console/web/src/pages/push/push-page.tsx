import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';

import { retryPush } from '../../api/changes.js';
import { push } from '../../api/queries.js';
import type { PushDetail } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { Digest } from '../../parts/digest.js';
import { VerdictStamp } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Facts, PageHead } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { nameOf, problemText } from '../../parts/words.js';
import { Warnings } from '../image/warnings.js';

const route = getRouteApi('/pushes/$id');

/** A push, also one of which no image is known: refused, waiting or failed. */
export function PushPage() {
  const { id } = route.useParams();
  return (
    <Loaded isPage read={useQuery(push(id))}>
      {(known) => <PushFacts push={known} />}
    </Loaded>
  );
}

function PushFacts({ push: known }: { push: PushDetail }) {
  const { id, state, digest, claimedDigest, reason, code, pushedBy, receivedAt, connection, origin, warnings } = known;
  return (
    <>
      <PageHead
        title={nameOf(known)}
        about={<VerdictStamp push={known} />}
        actions={
          state === 'refused' && (
            <ActionButton run={() => retryPush(id)} done="The push is tried again" changes={[['pushes']]}>
              Try again
            </ActionButton>
          )
        }
      />
      {reason !== null && <p className="sentence">{problemText({ code, reason })}</p>}
      <Facts
        facts={[
          ['Digest', digest !== null && <Digest digest={digest} />],
          ['Announced digest', digest === null && claimedDigest !== null && <Digest digest={claimedDigest} />],
          ['Pushed by', pushedBy],
          ['Registry', connection],
          ['Learned by', origin],
          ['Received', <Moment key="received" at={receivedAt} isAbsolute />],
        ]}
      />
      {digest !== null && state === 'analyzed' && (
        <Link to="/images/$digest" params={{ digest }} search={{ push: id }}>
          Open the image
        </Link>
      )}
      <Warnings warnings={warnings} />
    </>
  );
}
