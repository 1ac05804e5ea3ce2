import type { Observation } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { Learned, maxHabits } from './learned.js';

const digest = `sha256:${'a'.repeat(64)}`;
const day = 24 * 3_600_000;
const context = { digestOf: () => digest };
const runner = 'system:serviceaccount:ci:runner';

function observation(timeMs: number, parts: object): Observation {
  return {
    timeMs,
    cluster: 'eu1',
    container: {},
    network: null,
    request: null,
    activity: 'connect',
    ...parts,
  } as Observation;
}
const connect = (timeMs: number, destinationIp: string, hostname: string | null = null) =>
  observation(timeMs, { network: { destinationIp, hostname } });
const call = (timeMs: number, source: string, succeeded = true) =>
  observation(timeMs, {
    activity: 'request',
    container: null,
    request: { user: runner, accessKeyId: null, sourceIps: [source], userAgent: 'svc/1.0', namespace: 'ci', succeeded },
  });

function learnedFrom(...events: Observation[]): Learned {
  const learned = new Learned();
  for (const event of events) learned.observe(event, context);
  return learned;
}

describe('Learned', () => {
  it('answers nothing while it learns, and the usual values afterwards', () => {
    const learned = learnedFrom(connect(0, '10.0.0.1'), connect(day / 2, '10.0.0.2', 'API.example.net'));
    const seen = (destination: string, atMs: number) => learned.hasTalkedTo(digest, destination, atMs);
    expect([seen('10.0.0.1', day - 1), seen('203.0.113.1', day - 1)]).toEqual([undefined, undefined]);
    expect([seen('10.0.0.1', day), seen('api.example.net', day), seen('203.0.113.1', day)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(learned.hasTalkedTo(`sha256:${'b'.repeat(64)}`, '10.0.0.1', day)).toBeUndefined();
  });

  it('treats a new value as usual after one learning period', () => {
    const learned = learnedFrom(connect(0, '10.0.0.1'), connect(5 * day, '203.0.113.1'));
    expect(learned.hasTalkedTo(digest, '203.0.113.1', 5 * day + 60_000)).toBe(false);
    expect(learned.hasTalkedTo(digest, '203.0.113.1', 6 * day)).toBe(true);
  });

  it('knows where a controller manager calls from after some minutes', () => {
    const manager = (timeMs: number, source: string, cluster: string) => {
      const event = call(timeMs, source);
      return { ...event, cluster, request: { ...event.request!, user: 'system:kube-controller-manager' } };
    };
    const learned = learnedFrom(manager(0, '192.0.2.10', 'eu1'), call(1, '203.0.113.1'));
    const ask = (cluster: string, source: string, minute: number) =>
      learned.isControllerManager(cluster, source, minute * 60_000);
    expect([ask('eu1', '192.0.2.10', 1), ask('eu1', '203.0.113.1', 1)]).toEqual([undefined, undefined]);
    expect([ask('eu1', '192.0.2.10', 11), ask('eu1', '203.0.113.1', 11)]).toEqual([true, false]);
    expect(ask('us1', '203.0.113.1', 11)).toBeUndefined();
  });

  it('learns sources, clients and namespaces of an identity from allowed calls', () => {
    const learned = learnedFrom(call(0, '10.0.0.1'), call(1, '203.0.113.1', false));
    const usual = (kind: 'source' | 'client' | 'namespace', value: string) =>
      learned.isUsual(kind, 'ci:runner', value, 2 * day);
    expect([usual('source', '10.0.0.1'), usual('source', '203.0.113.1')]).toEqual([true, false]);
    expect([usual('client', 'svc'), usual('client', 'kubectl')]).toEqual([true, false]);
    expect([usual('namespace', 'ci'), usual('namespace', 'shop')]).toEqual([true, false]);
  });

  it('returns images that a cluster has never run', () => {
    const learned = learnedFrom(connect(0, '10.0.0.1'));
    const other = `sha256:${'b'.repeat(64)}`;
    expect([learned.isFirstSeen(digest, 'eu1', day), learned.isFirstSeen(other, 'eu1', day)]).toEqual([false, true]);
    expect([learned.isFirstSeen(other, 'eu1', 1), learned.isFirstSeen(other, 'us1', day)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('drops subjects with too many values', () => {
    const events = Array.from({ length: maxHabits + 50 }, (_, index) =>
      connect(index, `10.0.${index >> 8}.${index & 255}`),
    );
    const learned = learnedFrom(...events);
    expect(learned.hasTalkedTo(digest, '203.0.113.1', 3 * day)).toBeUndefined();
    expect(learned.snapshot().filter(({ kind }) => kind === 'destination')).toHaveLength(maxHabits);
  });

  it('limits its subjects and values', () => {
    const learned = new Learned({ maxSubjects: 40 });
    for (let index = 0; index < 500; index += 1) {
      learned.observe(connect(index, '10.0.0.1'), { digestOf: () => `sha256:${index.toString(16).padStart(64, '0')}` });
    }
    expect(new Set(learned.snapshot().map(({ kind, subject }) => `${kind} ${subject}`)).size).toBeLessThanOrEqual(40);
  });

  it('reports each habit once, and at intervals while it lasts', () => {
    const learned = learnedFrom(connect(0, '10.0.0.1'), connect(1, '10.0.0.1'));
    expect(learned.takeChanged().map(({ kind, value }) => `${kind} ${value}`)).toEqual([
      `image ${digest}`,
      'destination 10.0.0.1',
    ]);
    learned.observe(connect(2, '10.0.0.1'), context);
    expect(learned.takeChanged()).toEqual([]);
    learned.observe(connect(day, '10.0.0.1'), context);
    expect(learned.takeChanged()).toHaveLength(2);
  });

  it('learns the same in any order of events and across a snapshot', () => {
    const event = fc.oneof(
      fc
        .tuple(fc.integer({ min: 0, max: 3 * day }), fc.constantFrom('10.0.0.1', '10.0.0.2'))
        .map(([at, ip]) => connect(at, ip)),
      fc
        .tuple(fc.integer({ min: 0, max: 3 * day }), fc.constantFrom('10.0.0.1', '10.0.0.9'))
        .map(([at, ip]) => call(at, ip)),
    );
    const sorted = (learned: Learned) =>
      learned
        .snapshot()
        .map((each) => JSON.stringify(each))
        .toSorted();
    fc.assert(
      fc.property(
        fc
          .array(event, { maxLength: 20 })
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(sorted(learnedFrom(...shuffled))).toEqual(sorted(learnedFrom(...all)));
          expect(sorted(Learned.restore(learnedFrom(...all).snapshot()))).toEqual(sorted(learnedFrom(...all)));
        },
      ),
    );
  });
});
