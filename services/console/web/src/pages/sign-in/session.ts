import { useSyncExternalStore } from 'react';

import { forgetAnswers } from '../../api/client.js';

const listeners = new Set<() => void>();
let hasEnded = false;

function change(next: boolean): void {
  if (next === hasEnded) return;
  hasEnded = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The session of this page: a cookie that no script can read, so that only the API knows of it. */
export const session = {
  begin: () => change(false),
  end: () => {
    forgetAnswers();
    change(true);
  },
};

export function useHasEnded(): boolean {
  return useSyncExternalStore(subscribe, () => hasEnded);
}
