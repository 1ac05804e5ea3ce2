import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import type { Confirmation } from './confirm-dialog.js';
import { dialogLater } from './later.js';
import { notify } from './toasts.js';

const ConfirmDialog = dialogLater(async () => (await import('./confirm-dialog.js')).ConfirmDialog);

interface Props<Result> {
  /** Sends the change. */
  run: () => Promise<Result>;
  /** Announced after a success. */
  done: string | ((result: Result) => string);
  /** Keys of the queries that the change makes stale. */
  changes: readonly QueryKey[];
  /** Asked first, where nothing takes the change back. */
  confirm?: Confirmation | undefined;
  /** Takes the change back; offered with the announcement. */
  undo?: ((result: Result) => Promise<unknown>) | undefined;
  kind?: 'primary' | 'plain' | undefined;
  label?: string | undefined;
  children: ReactNode;
}

/** Changes something by the API. It keeps the focus while it works and announces the result. */
export function ActionButton<Result>({ run, done, changes, confirm, undo, kind, label, children }: Props<Result>) {
  const client = useQueryClient();
  const button = useKeptFocus();
  const [isAsking, setAsking] = useState(false);
  const refresh = () => Promise.all(changes.map((queryKey) => client.invalidateQueries({ queryKey })));
  const change = useMutation({
    mutationFn: run,
    onSuccess: async (result) => {
      const text = typeof done === 'string' ? done : done(result);
      notify(text, false, undo && (() => takeBack.mutate(result)));
      await refresh();
    },
    onError: (error) => notify(error.message, true),
  });
  const takeBack = useMutation({
    mutationFn: async (result: Result) => undo?.(result),
    onSuccess: async () => {
      notify('Undone');
      await refresh();
    },
    onError: (error) => notify(error.message, true),
  });
  return (
    <>
      <Button
        ref={button}
        className={kind ?? 'button'}
        aria-label={label}
        isPending={change.isPending}
        onPress={() => (confirm ? setAsking(true) : change.mutate())}
      >
        {children}
      </Button>
      {confirm && isAsking && (
        <ConfirmDialog {...confirm} confirm={() => change.mutate()} close={() => setAsking(false)} />
      )}
    </>
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
