import type { Incident } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import type { DetectionAlert } from '../alerts/alert.js';
import { IncidentBuilder } from './incident-builder.js';

const minute = 60_000;
const hour = 60 * minute;
const startMs = Date.parse('2026-03-03T01:12:00Z');

let number = 0;

interface Sketch extends Partial<Omit<DetectionAlert, 'rule'>> {
  rule?: string;
  afterMs?: number;
}

/** Creates an alert of weight `alone` in container `c1`; the sketch overrides its fields. */
function alert({ rule = 'drift', afterMs = 0, ...rest }: Sketch = {}): DetectionAlert {
  number += 1;
  const id = rest.id ?? `alert-${String(number).padStart(4, '0')}`;
  const timeMs = startMs + afterMs;
  return {
    id,
    rule: {
      id: rule,
      title: `Rule ${rule}`,
      author: 'someone',
      license: 'DRL-1.1',
      level: 'high',
      tags: [],
      link: null,
      file: `${rule}.yml`,
    },
    severity: 'high',
    weight: 'alone',
    at: new Date(timeMs).toISOString(),
    timeMs,
    events: [`event-of-${id}`],
    eventTimesMs: [timeMs],
    techniques: ['T1105'],
    stage: 'execution',
    title: `Rule ${rule}`,
    explanation: 'curl ran',
    finding: rule,
    name: null,
    isFact: false,
    bySensor: false,
    keys: ['container:c1'],
    context: {
      cluster: 'eu1',
      node: 'node-1',
      namespace: 'shop',
      pod: 'search-1',
      container: 'search',
      workload: 'shop/Deployment/search',
      image: 'registry.example.com/shop/search:4.2.1',
      imageDigest: `sha256:${'a'.repeat(64)}`,
    },
    image: [],
    artifacts: [],
    evidence: [],
    lowered: null,
    ...rest,
  };
}

function incidentsOf(alerts: readonly DetectionAlert[]) {
  const builder = new IncidentBuilder();
  for (const each of alerts) builder.add(each);
  builder.settle();
  return builder.incidents().toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const support = (sketch: Sketch): DetectionAlert => alert({ weight: 'support', severity: 'medium', ...sketch });
const context = (sketch: Sketch): DetectionAlert =>
  alert({ weight: 'context', severity: 'informational', finding: null, ...sketch });
const sensorAlert = (sketch: Sketch): DetectionAlert =>
  alert({
    bySensor: true,
    finding: null,
    severity: 'medium',
    title: 'Terminal shell in container: shop/search:4.2.1',
    ...sketch,
  });

describe('IncidentBuilder', () => {
  describe('opening an incident', () => {
    it.each<[string, DetectionAlert[], number]>([
      ['one alert that counts alone', [alert()], 1],
      ['one that needs another', [support({})], 0],
      ['two of one stage and one kind', [support({ rule: 'a' }), support({ rule: 'b' })], 0],
      [
        'two severe ones of one stage with different findings',
        [support({ rule: 'a', severity: 'high' }), support({ rule: 'b', severity: 'high' })],
        1,
      ],
      [
        'two severe ones of one stage with the same finding',
        [
          support({ rule: 'a', severity: 'high', finding: 'x' }),
          support({ rule: 'b', severity: 'high', finding: 'x' }),
        ],
        0,
      ],
      ['the same rule twice', [support({}), support({ stage: 'impact' })], 0],
      ['two of different stages', [support({ rule: 'a' }), support({ rule: 'b', stage: 'impact' })], 1],
      ['what happened and what is known', [support({ rule: 'a' }), support({ rule: 'b', isFact: true })], 1],
      [
        'two in different containers',
        [support({ rule: 'a' }), support({ rule: 'b', stage: 'impact', keys: ['container:c2'] })],
        0,
      ],
      ['context, however much of it', [context({ rule: 'a' }), context({ rule: 'b' }), context({ rule: 'c' })], 0],
      ['what context lowered', [alert({ lowered: 'expected of a builder', severity: 'low' })], 0],
      ['a rule that counts alone but says little', [alert({ severity: 'low' })], 0],
      ["a sensor's own evaluation", [sensorAlert({ keys: ['container:c1', 'subject:x'] })], 1],
    ])('decides by weight and evidence: %s', (_what, alerts, expected) => {
      expect(incidentsOf(alerts)).toHaveLength(expected);
    });
  });

  describe('joining alerts', () => {
    it.each<[string, string, number, boolean]>([
      ['a container, within days', 'container:c1', 24 * 6 * hour, true],
      ['a container, after weeks', 'container:c1', 24 * 8 * hour, false],
      ['a workload, within half an hour', 'workload:eu1/shop/Deployment/search', 29 * minute, true],
      ['a workload, later', 'workload:eu1/shop/Deployment/search', 31 * minute, false],
      ['a key, within a week', 'key:AKIA', 24 * 6 * hour, true],
      ['an unknown kind of key', 'moon:full', 0, false],
    ])('decides by key and time: %s', (_what, key, afterMs, isJoined) => {
      expect(incidentsOf([alert({ rule: 'a', keys: [key] }), alert({ rule: 'b', keys: [key], afterMs })])).toHaveLength(
        isJoined ? 1 : 2,
      );
    });

    it.each<[string, string, string, number, boolean]>([
      ['an escape and the node, at once', 'node:eu1/node-1', 'on-node:eu1/node-1', 4 * minute, true],
      ['an escape and the node, later', 'node:eu1/node-1', 'on-node:eu1/node-1', 6 * minute, false],
      ['an escape and another node', 'node:eu1/node-1', 'on-node:eu1/node-2', 0, false],
      ['two processes of a node', 'on-node:eu1/node-1', 'on-node:eu1/node-1', 0, false],
      ['two escapes on a node', 'node:eu1/node-1', 'node:eu1/node-1', 0, false],
      ['a stolen token and its use, after days', 'token:eu1/a', 'token-used:eu1/a', 24 * 6 * hour, true],
      ['two uses of a token', 'token-used:eu1/a', 'token-used:eu1/a', 24 * hour, false],
      ['a build and its image, after weeks', 'build:run-7', 'built:run-7', 24 * 50 * hour, true],
      ['a build and its image, after months', 'build:run-7', 'built:run-7', 24 * 70 * hour, false],
      ['two images of a build', 'built:run-7', 'built:run-7', 0, false],
    ])('joins causes with effects, in any order: %s', (_what, cause, effect, afterMs, isJoined) => {
      const alerts = [alert({ rule: 'a', keys: [cause] }), alert({ rule: 'b', keys: [effect], afterMs })];
      expect(incidentsOf(alerts)).toHaveLength(isJoined ? 1 : 2);
      expect(incidentsOf(alerts.toReversed())).toHaveLength(isJoined ? 1 : 2);
    });

    it('joins each effect with its cause, although other effects lie between', () => {
      const effects = ['c1', 'c2', 'c3'].map((container, index) =>
        alert({ rule: 'b', keys: [`container:${container}`, 'built:run-7'], afterMs: index * 1000 }),
      );
      expect(incidentsOf(effects)).toHaveLength(3);
      const cause = alert({ rule: 'a', keys: ['container:b', 'build:run-7'] });
      expect(incidentsOf([...effects, cause])).toHaveLength(1);
      expect(incidentsOf([cause, ...effects])).toHaveLength(1);
    });

    it('adds context of a cause that came before the effect', () => {
      const context = alert({ rule: 'made', weight: 'context', keys: ['created:eu1/wf/job-x1'] });
      const [incident] = incidentsOf([context, alert({ rule: 'b', keys: ['owned:eu1/wf/job-x1'], afterMs: minute })]);
      expect(incident?.steps.flatMap(({ events }) => events)).toContain(context.events[0]);
    });

    it('names an escape that a sensor reports with what it reports on the node', () => {
      const escape = sensorAlert({ rule: 'mount', keys: ['container:c1', 'subject:a', 'node:eu1/node-1'] });
      const onNode = sensorAlert({ rule: 'read', keys: ['subject:b', 'on-node:eu1/node-1'], afterMs: minute });
      expect(incidentsOf([escape, onNode])).toHaveLength(1);
      expect(incidentsOf([onNode, escape])).toHaveLength(1);
      expect(incidentsOf([onNode, sensorAlert({ rule: 'b', keys: ['subject:c', 'on-node:eu1/node-1'] })])).toHaveLength(
        2,
      );
    });

    it('names a worm by the program that it drops in several workloads', () => {
      const inWorkload = (workload: string) =>
        alert({
          rule: 'drift',
          finding: 'drift',
          keys: ['program:eu1//tmp/.w'],
          context: { ...alert().context, workload },
        });
      const titles = (workloads: string[]) => incidentsOf(workloads.map(inWorkload)).map(({ title }) => title);
      expect(titles(['a/Deployment/a', 'b/Deployment/b'])).toEqual(['Dropped executable in a/Deployment/a']);
      expect(titles(['a/Deployment/a', 'b/Deployment/b', 'c/Deployment/c'])).toEqual(['Worm in a/Deployment/a']);
    });

    it('joins two clusters through a third alert', () => {
      const ends = [alert({ keys: ['container:c1'] }), alert({ keys: ['container:c2'] })];
      expect(incidentsOf(ends)).toHaveLength(2);
      expect(incidentsOf([...ends, alert({ keys: ['container:c1', 'container:c2'] })])).toHaveLength(1);
    });

    it('does not join clusters through a context alert', () => {
      const ends = [alert({ keys: ['container:c1'] }), alert({ keys: ['container:c2'] })];
      const incidents = incidentsOf([...ends, context({ rule: 'seen', keys: ['container:c1', 'container:c2'] })]);
      expect(incidents.map(({ count }) => count)).toEqual([2, 2]);
    });

    it('adds context alerts that arrived before the core alert', () => {
      const before = context({ rule: 'seen', afterMs: 0 });
      const [incident] = incidentsOf([before, alert({ afterMs: 20 * minute })]);
      expect(incident!.steps[0]!.events).toEqual(before.events);
    });
  });

  it("moves a sensor's alerts into the more detailed cluster and leaves one incident", () => {
    const builder = new IncidentBuilder();
    const first = builder.add(sensorAlert({ keys: ['container:c1', 'subject:x'] }));
    const then = builder.add(alert({ afterMs: 1000 }));
    expect(first.map(({ kind }) => kind)).toEqual(['opened']);
    expect(then.map(({ kind, incident }) => [kind, incident.id])).toEqual([['updated', first[0]!.incident.id]]);
    expect(builder.incidents()).toHaveLength(1);
  });

  it('keeps the older of two merged incidents and links the other to it', () => {
    const builder = new IncidentBuilder();
    const [older] = builder.add(alert({ keys: ['container:c1'] }));
    const [younger] = builder.add(alert({ keys: ['container:c2'], afterMs: 1000 }));
    const changes = builder.add(alert({ keys: ['container:c1', 'container:c2'], afterMs: 2000 }));
    expect(changes.map(({ kind, incident: { id, mergedInto } }) => ({ kind, id, mergedInto }))).toEqual([
      { kind: 'updated', id: older!.incident.id, mergedInto: null },
      { kind: 'merged', id: younger!.incident.id, mergedInto: older!.incident.id },
    ]);
    expect(builder.incidents().map(({ id }) => id)).toEqual([older!.incident.id]);
  });

  it('publishes new alerts at once and repetitions with the next advance', () => {
    const builder = new IncidentBuilder();
    const kinds = (changes: ReturnType<IncidentBuilder['add']>) =>
      changes.map(({ kind, incident }) => [kind, incident.revision, incident.count]);
    expect(kinds(builder.add(alert({ afterMs: 0 })))).toEqual([['opened', 1, 1]]);
    expect(kinds(builder.add(alert({ afterMs: 1000 })))).toEqual([]);
    expect(kinds(builder.add(alert({ afterMs: 2000 })))).toEqual([]);
    expect(kinds(builder.advance(startMs + 3000))).toEqual([['updated', 2, 3]]);
    expect(kinds(builder.advance(startMs + 4000))).toEqual([]);
    expect(kinds(builder.add(alert({ rule: 'miner', stage: 'impact', afterMs: 5000 })))).toEqual([['updated', 3, 4]]);
  });

  it('resolves an incident after a silent day and reopens it with a late alert', () => {
    const builder = new IncidentBuilder();
    builder.add(alert());
    expect(builder.advance(startMs + 23 * hour)).toEqual([]);
    expect(builder.advance(startMs + 24 * hour).map(({ kind, incident }) => [kind, incident.state])).toEqual([
      ['resolved', 'resolved'],
    ]);
    expect(builder.advance(startMs + 48 * hour)).toEqual([]);
    const late = builder.add(alert({ rule: 'miner', stage: 'impact', afterMs: 49 * hour }));
    expect(late.map(({ kind, incident }) => [kind, incident.state])).toEqual([['updated', 'open']]);
  });

  it('raises severity with each tactic, up to critical', () => {
    const stages = ['execution', 'persistence', 'impact'];
    const severities = stages.map((_stage, index) => {
      const alerts = stages.slice(0, index + 1).map((stage) => alert({ rule: stage, stage, severity: 'medium' }));
      return incidentsOf(alerts)[0]!.severity;
    });
    expect(severities).toEqual(['medium', 'high', 'critical']);
  });

  it('publishes an incident once however often its alert repeats', () => {
    const once = alert();
    expect(incidentsOf([once, once, once])[0]!.count).toBe(1);
  });

  it('stores a bounded part of an alert flood and counts all of it', () => {
    const flood = Array.from({ length: 2000 }, (_, index) => alert({ afterMs: index * 10 }));
    const [incident] = incidentsOf(flood);
    expect(incident!.count).toBe(2000);
    expect(incident!.steps.flatMap(({ events }) => events)).toHaveLength(100);
    expect(incident!.lastSeen).toBe(flood.at(-1)!.at);
  });

  const anyAlert = fc
    .record({
      rule: fc.constantFrom('a', 'b', 'c'),
      stage: fc.constantFrom('execution', 'impact', 'discovery'),
      weight: fc.constantFrom('alone' as const, 'support' as const, 'context' as const),
      severity: fc.constantFrom('high' as const, 'medium' as const, 'low' as const),
      bySensor: fc.boolean(),
      afterMs: fc.integer({ min: 0, max: 60 }).map((minutes) => minutes * 5 * minute),
      keys: fc.uniqueArray(
        fc.constantFrom(
          'container:c1',
          'container:c2',
          'workload:eu1/shop/x',
          'workload:eu1/shop/y',
          'node:eu1/n',
          'subject:x',
          'identity:z',
        ),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map(({ keys, bySensor, weight, ...sketch }) =>
      bySensor
        ? alert({ ...sketch, keys, bySensor, weight: weight === 'support' ? 'alone' : weight })
        : alert({ ...sketch, weight, keys: keys.filter((key) => key !== 'subject:x') }),
    );

  const withoutRevision = (incidents: ReturnType<typeof incidentsOf>) =>
    incidents.map(({ revision: _revision, ...incident }) => incident);

  it('does not depend on the order of arrival', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyAlert, { minLength: 1, maxLength: 14 })
          .chain((alerts) =>
            fc.tuple(
              fc.constant(alerts),
              fc.shuffledSubarray(alerts, { minLength: alerts.length, maxLength: alerts.length }),
            ),
          ),
        ([alerts, shuffled]) => {
          expect(withoutRevision(incidentsOf(shuffled))).toEqual(withoutRevision(incidentsOf(alerts)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never lowers the rank of a title while findings are added', () => {
    const findings = [
      'download',
      'drift',
      'drift-script',
      'exploited-vulnerability',
      'miner',
      'container-escape',
      'recon',
      'of-a-user',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...findings), { minLength: 1, maxLength: 12 }), (found) => {
        const builder = new IncidentBuilder();
        const ranks = found.flatMap((finding, index) => {
          builder.add(alert({ rule: finding, finding, afterMs: index * 1000 }));
          builder.settle();
          return builder.incidents().map(({ titleRank }) => titleRank!);
        });
        expect(ranks).toEqual(ranks.toSorted((a, b) => b - a));
      }),
    );
  });

  it('keeps the title of a breach when an unknown script follows', () => {
    const [incident] = incidentsOf([
      alert({ rule: 'shell', finding: 'exploited-vulnerability' }),
      alert({ rule: 'script', finding: 'drift-script', afterMs: 1000 }),
    ]);
    expect(incident?.title).toMatch(/^Exploited vulnerability/);
  });

  describe('revising an alert', () => {
    const nowhere = { cluster: 'eu1', node: 'node-1', namespace: null, pod: null, container: '8f4ae1a7a49c' };
    const unknown = () => alert({ id: 'a', context: { ...nowhere, workload: null, image: null, imageDigest: null } });
    const revised = (more: Sketch = {}) => {
      const known = alert({ id: 'a' });
      return { ...known, ...more, id: 'a-revised', revises: 'a' } as DetectionAlert;
    };

    it('adds the workload and the image to the incident under the same id', () => {
      const builder = new IncidentBuilder();
      const [opened] = builder.add(unknown());
      const [updated] = builder.add(revised());
      expect(opened).toMatchObject({ kind: 'opened', incident: { workload: null, imageDigest: null } });
      expect(updated).toMatchObject({
        kind: 'updated',
        incident: { id: opened!.incident.id, count: 1, workload: 'shop/Deployment/search', namespace: 'shop' },
      });
      expect(builder.incidentOf('a-revised')).toBe(opened!.incident.id);
    });

    it('has the same result when the revision comes first or twice', () => {
      const inOrder = incidentsOf([unknown(), revised()]);
      expect(withoutRevision(incidentsOf([revised(), unknown()]))).toEqual(withoutRevision(inOrder));
      expect(withoutRevision(incidentsOf([unknown(), revised(), { ...revised(), id: 'again' }]))).toEqual(
        withoutRevision(inOrder),
      );
    });

    it("joins by the keys of the revised alert's container", () => {
      const other = alert({ rule: 'other', keys: ['workload:eu1/shop/Deployment/search'], afterMs: 1000 });
      const found = incidentsOf([
        unknown(),
        other,
        revised({ keys: ['container:c1', 'workload:eu1/shop/Deployment/search'] }),
      ]);
      expect(found.filter(({ state }) => state !== 'merged')).toHaveLength(1);
    });

    it('resolves an incident that facts about the image explain', () => {
      const builder = new IncidentBuilder();
      builder.add(unknown());
      const lowered = { severity: 'low', weight: 'context', lowered: 'the file is in the image' } as const;
      expect(builder.add(revised(lowered))).toMatchObject([{ kind: 'resolved', incident: { state: 'resolved' } }]);
    });
  });

  it('publishes growing revisions whose last one is the current state', () => {
    fc.assert(
      fc.property(fc.array(anyAlert, { minLength: 1, maxLength: 14 }), (alerts) => {
        const builder = new IncidentBuilder();
        const latest = new Map<string, Incident>();
        for (const each of alerts) {
          for (const { kind, incident } of [...builder.add(each), ...builder.advance(each.timeMs)]) {
            const before = latest.get(incident.id);
            expect(kind === 'opened').toBe(before === undefined);
            expect(incident.revision).toBeGreaterThan(before?.revision ?? 0);
            latest.set(incident.id, incident);
          }
        }
        const open = [...latest.values()].filter(({ state }) => state !== 'merged');
        expect(sorted(open)).toEqual(sorted(builder.incidents()));
        for (const { mergedInto } of latest.values())
          if (mergedInto !== null) expect(latest.has(mergedInto)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  const sorted = (incidents: readonly Incident[]) => incidents.toSorted((a, b) => (a.id < b.id ? -1 : 1));

  it('continues from a snapshot as without a restart', () => {
    fc.assert(
      fc.property(fc.array(anyAlert, { minLength: 1, maxLength: 12 }), fc.nat(12), (alerts, split) => {
        const whole = new IncidentBuilder();
        const first = new IncidentBuilder();
        const second = new IncidentBuilder();
        const before = alerts.slice(0, split);
        const after = alerts.slice(split);
        for (const each of before) expect(first.add(each)).toEqual(whole.add(each));
        second.restore(first.snapshot());
        for (const each of after) expect(second.add(each)).toEqual(whole.add(each));
        expect(second.incidents()).toEqual(whole.incidents());
      }),
      { numRuns: 200 },
    );
  });
});
