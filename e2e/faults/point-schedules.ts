import type { FailpointName } from '@tidewaiter/runtime';

import { provocations } from './provocations.ts';
import { instances, type Schedule, serviceOf, visitorsOf } from './schedule.ts';

/** Time for which a process is alone at its work: its start, and the visit of a failpoint. */
const aloneMs = 20_000;

/**
 * Schedules that kill at every failpoint of the services: one failpoint for each process at a time.
 */
export function pointSchedules(seed: number, points: readonly FailpointName[]): Schedule[] {
  const schedules: Schedule[] = [];
  for (const name of points) {
    const able = instances.filter((instance) => visitorsOf(name).includes(serviceOf(instance)));
    // Another replica must not take the work that is provoked for one.
    const isAlone = provocations[name] !== undefined;
    const isFree = ({ faults }: Schedule, instance: string) =>
      !faults.some((fault) => 'target' in fault && fault.target === instance);
    const freeIn = (each: Schedule) =>
      isAlone && !able.every((instance) => isFree(each, instance))
        ? undefined
        : able.find((instance) => isFree(each, instance));
    let schedule = schedules.find((each) => freeIn(each) !== undefined);
    if (!schedule) schedules.push((schedule = { number: schedules.length, seed, faults: [] }));
    const target = freeIn(schedule)!;
    schedule.faults.push({ atMs: 0, kind: 'failpoint', target, name, visit: 1, action: 'kill' });
    for (const other of isAlone ? able.filter((instance) => instance !== target) : [])
      schedule.faults.push({ atMs: 0, kind: 'stop', target: other, forMs: aloneMs });
  }
  return schedules;
}
