import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';

import { acknowledgeIncident, resolveIncident } from '../../api/changes.js';
import type { Incident } from '../../api/types.js';
import { useKeys } from '../../frame/keys.js';
import { useSearchChange } from '../../parts/filters.js';
import { notify } from '../../parts/toasts.js';
import { neighborOf } from './triage.js';

/**
 * Triage by keyboard: j and k choose, Enter opens, a acknowledges, r resolves. Returns a function
 * that chooses an incident.
 */
export function useTriageKeys(
  rows: readonly Incident[],
  selected: string | undefined,
): (id: string | undefined) => void {
  const { history } = useRouter();
  const client = useQueryClient();
  const change = useSearchChange();
  const choose = (id: string | undefined) => change({ selected: id });
  const move = (step: 1 | -1) =>
    choose(
      neighborOf(
        rows.map(({ id }) => id),
        selected,
        step,
      ),
    );
  const chosen = rows.find(({ id }) => id === selected);
  const act = async (work: (id: string) => Promise<unknown>, done: string) => {
    if (!chosen) return;
    try {
      await work(chosen.id);
      notify(`INC-${chosen.number} is ${done}`);
    } catch (error) {
      notify((error as Error).message, true);
    }
    await client.invalidateQueries({ queryKey: ['incidents'] });
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: () => chosen && history.push(`/incidents/${chosen.id}`),
    a: () => void act(acknowledgeIncident, 'acknowledged'),
    r: () => void act(resolveIncident, 'resolved'),
    Escape: () => choose(undefined),
  });
  useEffect(() => {
    document.querySelector('tr[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  return choose;
}
