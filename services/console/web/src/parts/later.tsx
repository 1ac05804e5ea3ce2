import { type ComponentType, lazy, type ReactNode, Suspense, useLayoutEffect } from 'react';

import { pauseKeys } from '../frame/keys.js';

/** Time after a page at which what it may show later is loaded. */
const preloadMs = 1_000;

/**
 * Part of a page in a chunk of its own: the page shows without it. It is loaded soon after, so that
 * it is there when it is asked for.
 */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  placeholder: ReactNode = null,
): (props: Props) => ReactNode {
  const Part = lazy(async () => ({ default: await load() }));
  // A failure comes again, visibly, when the part is asked for.
  setTimeout(() => void load().catch(() => undefined), preloadMs);
  return (props) => (
    <Suspense fallback={placeholder}>
      <Part {...props} />
    </Suspense>
  );
}

/** A dialog that is loaded later. No key is lost that follows the one that opens it. */
export function dialogLater<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => ReactNode {
  return later(load, <KeysPause />);
}

function KeysPause() {
  useLayoutEffect(() => {
    pauseKeys(true);
    return () => pauseKeys(false);
  }, []);
  return null;
}
