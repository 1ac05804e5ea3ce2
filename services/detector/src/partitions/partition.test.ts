import { setTimeout as sleep } from 'node:timers/promises';

import type { StreamMessage } from '@tidewaiter/bus';
import { type DetectionAlert, Detector, type WideMatch } from '@tidewaiter/detection';
import { InvalidInput, type ObjectEvaluation, type RuntimeRecord, Unavailable } from '@tidewaiter/domain';
import { runtimeObserved } from '@tidewaiter/events';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { createLogger } from '@tidewaiter/runtime';
import { loadRules } from '@tidewaiter/sigma';

import type { PartitionEngine } from './engine.js';
import { FairScheduler } from './fair-scheduler.js';
import type { DetectorState } from './partition-journal.js';
import { Partition, type PartitionDependencies } from './partition.js';

const log = createLogger('test', 'silent');

/** A record; an id that begins with `pod` gives it an object with findings. */
const record = (id: string): RuntimeRecord => ({
  id,
  source: 'tetragon',
  sensor: 'tetragon-eu1',
  cluster: 'eu1',
  node: 'worker-1',
  at: '2026-11-25T10:42:07Z',
  event: {},
  ...(id.startsWith('pod') && { evaluations: [evaluationOf(id)] }),
});

const evaluationOf = (name: string): ObjectEvaluation => ({
  ...{ kind: 'Pod', namespace: 'shop', name, workload: { kind: 'Pod', name } },
  ...{ version: '1', changedAt: '2026-11-25T10:42:07Z', isGone: false, findings: [] },
});

const message = (sequence: number, ...ids: string[]): StreamMessage => ({
  place: { life: 'one', sequence },
  storedAtMs: 1_000 * sequence,
  data: Buffer.from(
    JSON.stringify({
      specversion: '1.0',
      id: '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12',
      source: '/tidewaiter/ingest',
      type: runtimeObserved.type,
      subject: 'tetragon-eu1',
      time: '2026-11-25T10:42:07Z',
      datacontenttype: 'application/json',
      data: { sensor: 'tetragon-eu1', records: ids.map(record) },
    }),
  ),
});

/**
 * Engine that raises an alert for every record, passes on a match for ids with an asterisk, has the
 * observed ids as its state, and throws for the id `bug`.
 */
function engine(): PartitionEngine & { observed: string[] } {
  const observed: string[] = [];
  const matches: WideMatch[] = [];
  const alert = (id: string) => ({ id }) as DetectionAlert;
  return {
    clockMs: null,
    observed,
    observe({ id }) {
      if (id === 'bug') throw new TypeError('x is undefined');
      observed.push(id);
      if (id.endsWith('*')) matches.push({ id } as WideMatch);
      return [alert(id)];
    },
    advance(nowMs) {
      observed.push(String(nowMs));
      return [];
    },
    takeMatches: () => matches.splice(0),
    snapshotSteps: () => Array.from(observed, (each, index) => Buffer.from(`${index > 0 ? ' ' : ''}${each}`)).values(),
  };
}

/** Fake dependencies that record their calls. */
function dependencies(change: Partial<PartitionDependencies> = {}) {
  const stored: { alerts: string[]; matches: string[]; snapshot: string | null }[] = [];
  const objects: string[] = [];
  const deadLettered: { sequence: number; record: string | null; code: string }[] = [];
  const attempts: [sequence: number | null, attempts: number][] = [];
  const forgotten: number[] = [];
  const lost = jest.fn();
  const whole: PartitionDependencies = {
    keep: async (_, { alerts, matches, objects: evaluated }) => {
      stored.push({ alerts: alerts.map(({ id }) => id), matches: matches.map(({ id }) => id), snapshot: null });
      objects.push(...evaluated.map(({ cluster, name }) => `${cluster}/${name}`));
    },
    remember: async (_, { place, state }: DetectorState) =>
      void stored.push({ alerts: [], matches: [], snapshot: `${place.sequence}: ${Buffer.from(state).toString()}` }),
    attempt: async (_, place, count) => void attempts.push([place?.sequence ?? null, count]),
    alone: async (work) => work(),
    forget: async ({ sequence }) => void forgotten.push(sequence),
    prepare: async () => undefined,
    schedule: async (work) => work(),
    deadLetter: async ({ place }, each, error) =>
      void deadLettered.push({
        sequence: place.sequence,
        record: each?.id ?? null,
        code: (error as InvalidInput).code ?? 'INTERNAL',
      }),
    deadLetterAlert: async ({ id }, error) =>
      void deadLettered.push({ sequence: 0, record: id, code: (error as Error).message }),
    deadLetterMatch: async ({ id }, error) =>
      void deadLettered.push({ sequence: 0, record: id, code: (error as Error).message }),
    deadLetterObject: async ({ name }, error) =>
      void deadLettered.push({ sequence: 0, record: name, code: (error as Error).message }),
    evaluated: () => undefined,
    readers: () => 1,
    lost,
    ...change,
  };
  return { whole, stored, objects, deadLettered, attempts, forgotten, lost };
}

const lease = { name: 'partition/3', token: '1', commits: 0, crashes: 0, attempting: null, attempts: 0 };
const never = 1e9;

describe('Partition', () => {
  it('advances the clock by the time of the stream, evaluates, and stores the alerts', async () => {
    const { whole, stored } = dependencies();
    const evaluate = engine();
    const partition = new Partition({ ...lease }, evaluate, whole, log, null, never);
    await partition.take(message(1, 'a', 'b'));
    await partition.take(message(2, 'c'));
    await partition.handOver();
    expect(evaluate.observed).toEqual(['1000', 'a', 'b', '2000', 'c']);
    expect(stored.flatMap(({ alerts }) => alerts)).toEqual(['a', 'b', 'c']);
    expect(stored.at(-1)?.snapshot).toBe('2: 1000 a b 2000 c');
  });

  it('stores the matches of wide correlations with the alerts', async () => {
    const { whole, stored } = dependencies();
    const partition = new Partition({ ...lease }, engine(), whole, log, null, never);
    await partition.take(message(1, 'a*', 'b', 'c*'));
    await partition.handOver();
    expect(stored[0]).toMatchObject({ alerts: ['a*', 'b', 'c*'], matches: ['a*', 'c*'] });
  });

  it('stores objects with their cluster, before a snapshot', async () => {
    const { whole, stored, objects } = dependencies();
    const silent: PartitionEngine = { ...engine(), observe: () => [] };
    const partition = new Partition({ ...lease }, silent, whole, log, null, 0);
    await partition.take(message(1, 'pod-1', 'pod-2'));
    await partition.handOver();
    expect(objects).toEqual(['eu1/pod-1', 'eu1/pod-2']);
    expect(stored.map(({ snapshot }) => snapshot !== null)).toEqual([false, true]);
  });

  it('prefetches the facts of a message before the clock advances', async () => {
    const evaluate = engine();
    const { whole } = dependencies({ prepare: async () => void evaluate.observed.push('prepared') });
    const partition = new Partition({ ...lease }, evaluate, whole, log, null, never);
    await partition.take(message(1, 'a'));
    partition.tick(1_500);
    expect(evaluate.observed).toEqual(['1000', 'a', 'prepared', '1500']);
  });

  it('never stores a snapshot that covers records whose alerts are not stored', async () => {
    const { whole, stored } = dependencies();
    const partition = new Partition({ ...lease }, engine(), whole, log, null, 0);
    for (let sequence = 1; sequence <= 20; sequence += 1) await partition.take(message(sequence, `e${sequence}`));
    await partition.handOver();
    let alerts: string[] = [];
    for (const each of stored) {
      alerts = [...alerts, ...each.alerts];
      const inSnapshot = each.snapshot?.match(/e\d+/g) ?? [];
      expect(alerts).toEqual(expect.arrayContaining(inSnapshot));
    }
    expect(alerts).toHaveLength(20);
  });

  it('stores alerts while one snapshot is being written, and starts no second one', async () => {
    const gate = Promise.withResolvers<void>();
    const { whole, stored } = dependencies();
    const remember: PartitionDependencies['remember'] = async (...given) =>
      gate.promise.then(async () => whole.remember(...given));
    const partition = new Partition({ ...lease }, engine(), { ...whole, remember }, log, null, 0);
    await partition.take(message(1, 'a'));
    await new Promise(setImmediate);
    await partition.take(message(2, 'b'));
    await new Promise(setImmediate);
    expect(stored).toEqual([
      { alerts: ['a'], matches: [], snapshot: null },
      { alerts: ['b'], matches: [], snapshot: null },
    ]);
    const over = partition.handOver();
    gate.resolve();
    await over;
    expect(stored.slice(2).map(({ snapshot }) => snapshot)).toEqual(['1: 1000 a', '2: 1000 a 2000 b']);
  });

  it('evaluates records between the steps of a snapshot, which stays as it was taken', async () => {
    const { whole, stored } = dependencies();
    let steps = 0;
    const evaluate = engine();
    const schedule: PartitionDependencies['schedule'] = async (work) => {
      await new Promise(setImmediate);
      steps += 1;
      return work();
    };
    const partition = new Partition({ ...lease }, evaluate, { ...whole, schedule }, log, null, 0);
    await partition.take(message(1, ...Array.from({ length: 50 }, (_, index) => `r${index}`)));
    const before = steps;
    await partition.take(message(2, 'later'));
    // The snapshot of the first message is far from written.
    expect(steps - before).toBeLessThan(20);
    expect(stored.flatMap(({ snapshot }) => snapshot ?? [])).toEqual([]);
    await partition.handOver();
    const [first, last] = stored.flatMap(({ snapshot }) => snapshot ?? []);
    expect(first).toMatch(/^1: 1000 r0 .* r49$/);
    expect(last).toMatch(/^2: 1000 r0 .* r49 2000 later$/);
  });

  it('drops messages from the stream that a snapshot covers', async () => {
    const { whole, forgotten } = dependencies();
    const partition = new Partition({ ...lease }, engine(), whole, log, null, 0);
    await partition.take(message(7, 'a'));
    await partition.handOver();
    expect(forgotten[0]).toBe(7);
  });

  it('stores no snapshot without new events', async () => {
    const { whole, stored } = dependencies();
    const partition = new Partition({ ...lease }, engine(), whole, log, { life: 'one', sequence: 4 }, 0);
    partition.tick(5_000);
    await partition.handOver();
    expect(stored.every(({ snapshot }) => snapshot === null)).toBe(true);
  });

  describe('poison', () => {
    it('is a single record that triggers a bug: the others are evaluated', async () => {
      const { whole, stored, deadLettered } = dependencies();
      const partition = new Partition({ ...lease }, engine(), whole, log, null, never);
      await partition.take(message(1, 'a', 'bug', 'b'));
      await partition.handOver();
      expect(deadLettered).toEqual([{ sequence: 1, record: 'bug', code: 'INTERNAL' }]);
      expect(stored.flatMap(({ alerts }) => alerts)).toEqual(['a', 'b']);
    });

    it('is a message without records: it becomes a dead letter', async () => {
      const { whole, deadLettered } = dependencies();
      const partition = new Partition({ ...lease }, engine(), whole, log, null, never);
      await partition.take({ ...message(1), data: Buffer.from('{') });
      await partition.take({ ...message(2), data: Buffer.from('{"specversion":"1.0"}') });
      expect(deadLettered.map(({ sequence, code }) => [sequence, code])).toEqual([
        [1, 'EVENT_MALFORMED'],
        [2, 'EVENT_MALFORMED'],
      ]);
      expect(partition.place?.sequence).toBe(2);
    });

    it('is found by taking messages one by one after several crashed holders', async () => {
      const { whole, deadLettered, attempts } = dependencies();
      const evaluate = engine();
      const crashed = { ...lease, crashes: 5, attempting: 2, attempts: 2 };
      const partition = new Partition(crashed, evaluate, whole, log, null, never);
      for (const each of [message(1, 'a'), message(2, 'killer'), message(3, 'b')]) await partition.take(each);
      expect(attempts).toEqual([
        [1, 1],
        [null, 0],
        [3, 1],
        [null, 0],
      ]);
      expect(deadLettered).toEqual([{ sequence: 2, record: null, code: 'READER_KILLED' }]);
      expect(evaluate.observed).not.toContain('killer');
    });

    it('is evaluated once more after a single crash, which may have another cause', async () => {
      const { whole, deadLettered, attempts } = dependencies();
      const evaluate = engine();
      const crashed = { ...lease, crashes: 4, attempting: 2, attempts: 1 };
      const partition = new Partition(crashed, evaluate, whole, log, null, never);
      await partition.take(message(2, 'innocent'));
      expect(attempts).toEqual([
        [2, 2],
        [null, 0],
      ]);
      expect(deadLettered).toEqual([]);
      expect(evaluate.observed).toContain('innocent');
    });

    it('is evaluated once when the end of its evaluation cannot be recorded', async () => {
      const evaluate = engine();
      const attempt: PartitionDependencies['attempt'] = async (_, place) => {
        if (place === null) throw new Unavailable('STORE_UNAVAILABLE', 'away');
      };
      const { whole } = dependencies({ attempt });
      const partition = new Partition({ ...lease, crashes: 3 }, evaluate, whole, log, null, never);
      await partition.take(message(1, 'a'));
      expect(evaluate.observed.filter((each) => each === 'a')).toEqual(['a']);
    });

    it.each([
      ['a', 1],
      ['b', 3],
      ['c', 1],
      ['d', 4],
      ['d', 6],
    ])('of partition %s, message %i, costs no message of another one', async (name, sequence) => {
      const names = ['a', 'b', 'c', 'd'].map((each) => `partition/${each}`);
      const leases = new Map(names.map((each) => [each, { ...lease, name: each }]));
      const deadLettered: string[] = [];
      const killer = { partition: `partition/${name}`, sequence };
      let processes = 0;
      for (let isDead = true; isDead && processes < 20; processes += 1) {
        isDead = false;
        const died = Promise.withResolvers<void>();
        const die = () => {
          isDead = true;
          died.resolve();
        };
        const gone = new Promise<never>(() => undefined);
        // No call of a process that is gone ever ends.
        const alive = async <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
          // In step, so that every partition is at the same message at each end.
          await sleep(1);
          return isDead ? gone : work();
        };
        const scheduler = new FairScheduler();
        const readAll = [...leases.values()].map(async (held) => {
          const evaluate = engine();
          let evaluated = 0;
          const { whole } = dependencies({
            keep: async () => alive(() => undefined),
            attempt: async (held, place, attempts) =>
              alive(
                () => void Object.assign(leases.get(held.name)!, { attempting: place?.sequence ?? null, attempts }),
              ),
            alone: async (work) => scheduler.alone(work),
            schedule: async (work) =>
              scheduler.run(() => {
                evaluated += 1;
                if (held.name !== killer.partition || evaluated !== killer.sequence) return work();
                die();
                return gone as never;
              }),
            deadLetter: async ({ place }) =>
              alive(() => {
                evaluated += 1;
                deadLettered.push(`${held.name} ${place.sequence}`);
              }),
          });
          const partition = new Partition({ ...held }, evaluate, whole, log, null, never);
          for (const each of [1, 2, 3, 4, 5, 6]) await partition.take(message(each, `${each}`));
        });
        await Promise.race([Promise.all(readAll), died.promise]);
        for (const held of leases.values()) held.crashes += 1;
      }
      expect(deadLettered).toEqual([`${killer.partition} ${killer.sequence}`]);
      expect(processes).toBe(6);
    });

    it('is not searched for after the next snapshot', async () => {
      const { whole, stored, attempts } = dependencies();
      const partition = new Partition({ ...lease, crashes: 3 }, engine(), whole, log, null, 0);
      await partition.take(message(1, 'a'));
      while (!stored.some(({ snapshot }) => snapshot !== null)) await sleep(1);
      await sleep(1);
      await partition.take(message(2, 'b'));
      expect(attempts).toEqual([
        [1, 1],
        [null, 0],
      ]);
    });

    it('is not searched for without crashes', async () => {
      const { whole, attempts } = dependencies();
      const partition = new Partition(
        { ...lease, crashes: 2, attempting: 1, attempts: 1 },
        engine(),
        whole,
        log,
        null,
        never,
      );
      await partition.take(message(1, 'a'));
      expect(attempts).toEqual([]);
    });

    it('is an alert that cannot be stored: the others are', async () => {
      const { whole, stored, deadLettered } = dependencies();
      const keep: PartitionDependencies['keep'] = async (held, found) => {
        if (found.alerts.some(({ id }) => id === 'bad')) throw new Error('value too long');
        return whole.keep(held, found);
      };
      const partition = new Partition({ ...lease }, engine(), { ...whole, keep }, log, null, never);
      await partition.take(message(1, 'a', 'b', 'bad', 'c', 'd'));
      await partition.handOver();
      expect(stored.flatMap(({ alerts }) => alerts)).toEqual(['a', 'b', 'c', 'd']);
      expect(stored.at(-1)?.snapshot).toContain('bad');
      expect(deadLettered).toEqual([{ sequence: 0, record: 'bad', code: 'value too long' }]);
    });

    it('is a match that cannot be stored: the others are', async () => {
      const { whole, stored, deadLettered } = dependencies();
      const keep: PartitionDependencies['keep'] = async (held, found) => {
        if (found.matches.some(({ id }) => id === 'bad*')) throw new Error('value too long');
        return whole.keep(held, found);
      };
      const partition = new Partition({ ...lease }, engine(), { ...whole, keep }, log, null, never);
      await partition.take(message(1, 'a*', 'bad*', 'b*'));
      await partition.handOver();
      expect(stored.flatMap(({ alerts }) => alerts)).toEqual(['a*', 'bad*', 'b*']);
      expect(stored.flatMap(({ matches }) => matches)).toEqual(['a*', 'b*']);
      expect(deadLettered).toEqual([{ sequence: 0, record: 'bad*', code: 'value too long' }]);
    });

    it('is an object that cannot be stored: the others, alerts and matches are', async () => {
      const { whole, stored, objects, deadLettered } = dependencies();
      const keep: PartitionDependencies['keep'] = async (held, found) => {
        if (found.objects.some(({ name }) => name === 'pod-bad')) throw new Error('value too long');
        return whole.keep(held, found);
      };
      const partition = new Partition({ ...lease }, engine(), { ...whole, keep }, log, null, never);
      await partition.take(message(1, 'a*', 'pod-1', 'pod-bad', 'pod-2'));
      await partition.handOver();
      expect(objects).toEqual(['eu1/pod-1', 'eu1/pod-2']);
      expect(stored.flatMap(({ matches }) => matches)).toEqual(['a*']);
      expect(stored.flatMap(({ alerts }) => alerts)).toEqual(['a*', 'pod-1', 'pod-bad', 'pod-2']);
      expect(deadLettered).toEqual([{ sequence: 0, record: 'pod-bad', code: 'value too long' }]);
    });
  });

  describe('an outage of PostgreSQL', () => {
    it.each(['STORE_UNAVAILABLE', 'STORE_TIMEOUT'])(
      'is waited out without evaluating anything twice: %s',
      async (code) => {
        let failures = 2;
        const { whole, stored } = dependencies();
        const keep: PartitionDependencies['keep'] = async (...given) => {
          failures -= 1;
          if (failures >= 0) throw new Unavailable(code, 'away');
          return whole.keep(...given);
        };
        const evaluate = engine();
        const partition = new Partition({ ...lease }, evaluate, { ...whole, keep }, log, null, never);
        await partition.take(message(1, 'a'));
        await partition.handOver();
        expect(stored.flatMap(({ alerts }) => alerts)).toEqual(['a']);
        expect(evaluate.observed).toEqual(['1000', 'a']);
      },
    );

    it('stops reading before memory grows', async () => {
      const gate = Promise.withResolvers<void>();
      const { whole } = dependencies();
      const keep: PartitionDependencies['keep'] = async (...given) =>
        gate.promise.then(async () => whole.keep(...given));
      const partition = new Partition({ ...lease }, engine(), { ...whole, keep }, log, null, never);
      const many = (prefix: string) => Array.from({ length: 1_500 }, (_, index) => `${prefix}${index}`);
      await partition.take(message(1, ...many('a')));
      await partition.take(message(2, ...many('b')));
      let isTaken = false;
      const third = partition.take(message(3, ...many('c'))).then(() => (isTaken = true));
      await new Promise(setImmediate);
      expect([isTaken, partition.waiting]).toEqual([false, 3_000]);
      gate.resolve();
      await third;
      expect(partition.waiting).toBe(0);
    });
  });

  describe('a clock that was ten minutes ahead', () => {
    const ahead = 600_000;
    const { rules, correlations } = loadRules([
      {
        path: 'test.yml',
        text: `
title: Any program
logsource: { product: tidewaiter, category: exec }
detection: { any: { Process.Executable|exists: true }, condition: any }
level: high
tidewaiter: { finding: drift, weight: alone }
`,
      },
    ]);
    const exec = { process_exec: { process: { exec_id: 'x', pid: 7, binary: '/bin/x' } }, node_name: 'worker-1' };
    const execs = (sequence: number, id: string): StreamMessage => {
      const of = message(sequence, id);
      const event = JSON.parse(Buffer.from(of.data).toString()) as { data: { records: RuntimeRecord[] } };
      event.data.records = [{ ...record(id), at: new Date(of.storedAtMs).toISOString(), event: exec }];
      return { ...of, data: Buffer.from(JSON.stringify(event)) };
    };
    const detector = () =>
      new Detector({
        ...{ rules, correlations, facts: factContext(factsFromFile({})) },
        ...{ allowedLatenessMs: 1, clock: 'caller' as const, onWideMatch: () => undefined },
      });
    const engineOf = (from: Detector): PartitionEngine => ({
      get clockMs() {
        return from.clockMs;
      },
      observe: (...given) => from.observe(...given),
      advance: (nowMs) => from.advance(nowMs),
      takeMatches: () => [],
      snapshotSteps: () => from.snapshotSteps(),
    });

    it('holds back no event, for this reader or the next one', async () => {
      const { whole, stored } = dependencies();
      const evaluated = () => stored.flatMap(({ alerts }) => alerts).length;
      const untilEvaluated = async (partition: Partition, count: number, nowMs: number) => {
        for (let tick = 1; evaluated() < count && tick < 500; tick += 1) {
          partition.tick(nowMs + 10 * tick);
          await sleep(10);
        }
        return evaluated();
      };
      const first = detector();
      const wrong = new Partition({ ...lease }, engineOf(first), whole, log, null, never);
      wrong.tick(1_000 + ahead);
      await wrong.take(execs(1, 'a'));
      expect(await untilEvaluated(wrong, 1, 1_000)).toBe(1);
      await wrong.handOver();

      const next = detector();
      next.restore(first.snapshot());
      const right = new Partition({ ...lease }, engineOf(next), whole, log, { life: 'one', sequence: 1 }, never);
      await right.take(execs(2, 'b'));
      expect(await untilEvaluated(right, 2, 2_000)).toBe(2);
    });
  });

  it.each([
    ['another replica reads the partition', 'LEASE_LOST'],
    ['the database lacks what it has stored', 'MEMORY_OUTDATED'],
  ] as const)('stops evaluating when %s', async (_, code) => {
    const { whole, lost } = dependencies({
      keep: async () => {
        throw new Unavailable(code, 'over');
      },
    });
    const evaluate = engine();
    const partition = new Partition({ ...lease }, evaluate, whole, log, null, never);
    await partition.take(message(1, 'a'));
    await new Promise(setImmediate);
    await partition.take(message(2, 'b'));
    partition.tick(9_000);
    await partition.handOver();
    expect(lost).toHaveBeenCalledTimes(1);
    expect(evaluate.observed).toEqual(['1000', 'a']);
  });
});
