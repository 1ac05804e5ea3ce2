import { pointSchedules } from './point-schedules.ts';
import { checkable, type Fault, faultKinds, scheduleOf, servicePoints } from './schedule.ts';

const options = { loadMs: 4_000, without: new Set<never>() };

describe('schedules of faults', () => {
  it('are the same for a seed and a number', () => {
    expect(scheduleOf(3, 17, options)).toEqual(scheduleOf(3, 17, options));
    expect(scheduleOf(3, 17, options)).not.toEqual(scheduleOf(3, 18, options));
    expect(scheduleOf(3, 17, options)).not.toEqual(scheduleOf(4, 17, options));
  });

  it('make every kind of fault, except those that are left out', () => {
    const kindsOf = (without: Parameters<typeof scheduleOf>[2]['without']) =>
      new Set(
        Array.from({ length: 500 }, (_, number) => scheduleOf(1, number, { ...options, without }))
          .flatMap(({ faults }) => faults)
          .map(({ kind }) => kind),
      );
    expect([...kindsOf(new Set())].toSorted()).toEqual(faultKinds.toSorted());
    expect(kindsOf(new Set(['wipe'])).has('wipe')).toBe(false);
  });

  it('leave NATS its data beside a restore of PostgreSQL', () => {
    const of = (...faults: Fault[]) => ({ number: 1, seed: 1, faults });
    const wipes = (['nats', 'redis'] as const).map((target): Fault => ({ kind: 'wipe', atMs: 7, target }));
    expect(checkable([of(...wipes)])).toEqual([of(...wipes)]);
    const beside = checkable([of({ kind: 'restore', atMs: 1, forMs: 2_000 }), of(...wipes)]);
    expect(beside[1]!.faults).toEqual([{ kind: 'server-away', atMs: 7, target: 'nats', forMs: 1_000 }, wipes[1]]);
  });

  it('kill at every failpoint of the services, one for each process at a time', () => {
    const schedules = pointSchedules(1, servicePoints);
    const kills = schedules.flatMap(({ faults }) => faults.flatMap((fault) => ('name' in fault ? fault.name : [])));
    expect(kills.toSorted()).toEqual(servicePoints.toSorted());
    for (const { faults } of schedules) {
      const targets = faults.map((fault) => ('target' in fault ? fault.target : ''));
      expect(new Set(targets).size).toBe(targets.length);
    }
  });
});
