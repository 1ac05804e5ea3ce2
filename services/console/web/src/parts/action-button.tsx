import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useLayoutEffect, useRef } from 'react';
import { Button } from 'react-aria-components/Button';

import { notify } from './toasts.js';

interface Props<Result> {
  /** Sends the change. */
  run: () => Promise<Result>;
  /** Announced after a success. */
  done: string | ((result: Result) => string);
  /** Keys of the queries that the change makes stale. */
  changes: readonly QueryKey[];
  kind?: 'primary' | 'plain' | undefined;
  label?: string | undefined;
  children: ReactNode;
}

/** Changes something by the API. It keeps the focus while it works and announces the result. */
export function ActionButton<Result>({ run, done, changes, kind, label, children }: Props<Result>) {
  const client = useQueryClient();
  const button = useKeptFocus();
  const change = useMutation({
    mutationFn: run,
    onSuccess: async (result) => {
      notify(typeof done === 'string' ? done : done(result));
      await Promise.all(changes.map((queryKey) => client.invalidateQueries({ queryKey })));
    },
    onError: (error) => notify(error.message, true),
  });
  return (
    <Button
      ref={button}
      className={kind ?? 'button'}
      aria-label={label}
      isPending={change.isPending}
      onPress={() => change.mutate()}
    >
      {children}
    </Button>
  );
}

/** An action may take its button away: the focus then goes to the page and is not lost. */
function useKeptFocus() {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const { current } = button;
    return () => {
      if (current === null || current !== document.activeElement) return;
      queueMicrotask(() => document.getElementById('main')?.focus({ preventScroll: true }));
    };
  }, []);
  return button;
}
