import { Link } from '@tanstack/react-router';

import type { Push } from '../../api/types.js';
import { nameOf } from '../../parts/words.js';

/** Link to the image of a push, or to the push itself while no image is known. */
export function PushLink({ push }: { push: Push }) {
  const { id, digest, state } = push;
  const name = nameOf(push);
  return state === 'analyzed' && digest !== null ? (
    <Link to="/images/$digest" params={{ digest }} search={{ push: id }}>
      {name}
    </Link>
  ) : (
    <Link to="/pushes/$id" params={{ id }}>
      {name}
    </Link>
  );
}
