import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import type { Incident } from '../../api/types.js';
import { useKeys } from '../../frame/keys.js';
import { useSearchChange } from '../../parts/filters.js';
import { useMe } from '../../parts/use-me.js';
import type { TriageAct } from './triage-acts.js';
import type { DialogKind } from './triage-dialog.js';
import { neighborOf } from './triage.js';

interface Acts {
  act: (act: TriageAct) => void;
  ask: (kind: DialogKind) => void;
}

interface Triage extends Acts {
  rows: readonly Incident[];
  selected: string | undefined;
  /** Adds the chosen incident to the selection, or takes it out. */
  toggle: (id: string) => void;
}

/**
 * Triage by keyboard: j and k choose, x selects, Enter opens, other keys act on the selection or
 * the chosen one. Returns a function that chooses an incident.
 */
export function useTriageKeys({ rows, selected, toggle, act, ask }: Triage): (id: string | undefined) => void {
  const navigate = useNavigate();
  const acts = useActKeys({ act, ask });
  const change = useSearchChange('replace');
  const choose = (id: string | undefined) => change({ selected: id });
  const move = (step: 1 | -1) =>
    choose(
      neighborOf(
        rows.map(({ id }) => id),
        selected,
        step,
      ),
    );
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => selected !== undefined && toggle(selected),
    Enter: () => selected !== undefined && void navigate({ to: '/incidents/$id', params: { id: selected } }),
    ...acts,
    Escape: () => choose(undefined),
  });
  useEffect(() => {
    document.querySelector('tr[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  return choose;
}

/** Keys of the acts on incidents; none for users who may not. */
export function useActKeys({ act, ask }: Acts): Readonly<Record<string, () => void>> {
  const { name, may } = useMe();
  if (!may('responder')) return {};
  return {
    a: () => act({ kind: 'acknowledge' }),
    m: () => name !== undefined && act({ kind: 'assign', assignee: name }),
    i: () => ask('assign'),
    s: () => ask('snooze'),
    e: () => ask('resolve'),
    c: () => ask('comment'),
  };
}
