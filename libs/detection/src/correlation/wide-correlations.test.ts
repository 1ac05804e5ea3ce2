import type { RuntimeRecord } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';
import * as fc from 'fast-check';

import type { DetectionAlert } from '../alerts/alert.js';
import { Detector } from '../detector.js';
import { IncidentBuilder } from '../incidents/incident-builder.js';
import { WideCorrelations, type WideMatch } from './wide-correlations.js';

const startMs = Date.parse('2026-03-03T01:12:00Z');

const rules = loadRules([
  {
    path: 'test.yml',
    text: `
title: Exec
name: exec
logsource: { product: tidewaiter, category: exec }
detection: { any: { Process.Executable|exists: true }, condition: any }
level: low
---
title: Tool runs on several nodes
correlation: { type: value_count, rules: [exec], group-by: [Process.Executable], timespan: 1m, condition: { field: Node, gte: 2 } }
level: high
tidewaiter: { finding: scan, stage: discovery, weight: alone, joins: [hash] }
---
title: Fetched, then run
correlation: { type: temporal_ordered, rules: [curl, exec], group-by: [Process.User], timespan: 30s }
level: high
---
title: Curl
name: curl
logsource: { product: linux, category: process_creation }
detection: { any: { Image|endswith: /curl }, condition: any }
level: low
---
title: Many in one container
correlation: { type: event_count, rules: [exec], group-by: [Container.Id], timespan: 1m, condition: { gte: 3 } }
level: medium
---
title: Few by one user
correlation: { type: event_count, rules: [exec], group-by: [Process.User], timespan: 10s, condition: { lt: 2 } }
level: medium
`,
  },
]);

const nodes = ['worker-1', 'worker-2'] as const;

interface SketchedEvent {
  node: (typeof nodes)[number];
  seconds: number;
  binary: string;
  uid: number;
}

function recordOf({ node, seconds, binary, uid }: SketchedEvent, index: number): RuntimeRecord {
  const at = new Date(startMs + 1000 * seconds + index).toISOString();
  const pod = { namespace: 'shop', name: `pod-${node}`, container: { id: `containerd://${node}`, name: 'app' } };
  const process = {
    exec_id: `${node}:${index}`,
    pid: index,
    uid,
    cwd: '/',
    binary,
    arguments: '',
    start_time: at,
    pod,
  };
  return {
    id: `e${index}`,
    source: 'tetragon',
    sensor: 'tetragon-eu1',
    cluster: 'eu1',
    node,
    at,
    event: { process_exec: { process }, node_name: node, time: at },
  };
}

const eventRecords: fc.Arbitrary<RuntimeRecord[]> = fc
  .array(
    fc.record({
      node: fc.constantFrom(...nodes),
      seconds: fc.nat(60),
      binary: fc.constantFrom('/usr/bin/curl', '/tmp/x', '/bin/true'),
      uid: fc.constantFrom(0, 1000),
    }),
    { maxLength: 25 },
  )
  .map((each) => each.map(recordOf).toSorted((a, b) => (a.at < b.at ? -1 : 1)));

const file = factsFromFile({});
const facts = factContext({ facts: file.facts, policy: file.policy });
const endMs = startMs + 3_600_000;

function detected(records: readonly RuntimeRecord[], onWideMatch?: (match: WideMatch) => void): DetectionAlert[] {
  const detector = new Detector({ ...rules, facts, allowedLatenessMs: 0, ...(onWideMatch && { onWideMatch }) });
  return [...records.flatMap((record) => detector.observe(record)), ...detector.advance(endMs)];
}

const sorted = (alerts: readonly DetectionAlert[]) => alerts.toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** Returns the incident changes of alerts, without those that only publish repetitions. */
function incidentsOf(alerts: readonly DetectionAlert[]): unknown[] {
  const builder = new IncidentBuilder();
  const ordered = alerts.toSorted((a, b) => a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1));
  return ordered.flatMap((alert) => builder.add(alert));
}

/** Interleaves the lists, each in its own order. */
const mixed = <T>(lists: readonly T[][], choices: readonly number[]): T[] => {
  const rest = lists.map((list) => [...list]);
  const all: T[] = [];
  for (let step = 0; rest.some((list) => list.length > 0); step += 1) {
    const filled = rest.filter((list) => list.length > 0);
    all.push(filled[(choices[step % choices.length] ?? 0) % filled.length]!.shift()!);
  }
  return all;
};

describe('WideCorrelations', () => {
  it('finds over two detectors what one detector with all events finds', () => {
    fc.assert(
      fc.property(eventRecords, fc.array(fc.nat(1), { minLength: 1, maxLength: 9 }), (records, choices) => {
        const matches: WideMatch[][] = [];
        const local = nodes.flatMap((node) => {
          const passed: WideMatch[] = [];
          matches.push(passed);
          const ofNode = records.filter((record) => record.node === node);
          return detected(ofNode, (match) => passed.push(JSON.parse(JSON.stringify(match)) as WideMatch));
        });
        const wide = new WideCorrelations(rules, 120_000);
        for (const match of mixed(matches, choices)) wide.add(match);
        const alerts = [...local, ...wide.advance(endMs)];
        const whole = detected(records);
        expect(sorted(alerts)).toEqual(sorted(whole));
        expect(incidentsOf(alerts)).toEqual(incidentsOf(whole));
      }),
    );
  });

  const match = (index: number, seconds: number, node: string): WideMatch => {
    const passed: WideMatch[] = [];
    detected([recordOf({ node: node as 'worker-1', seconds, binary: '/tmp/x', uid: 0 }, index)], (each) =>
      passed.push(each),
    );
    return passed[0]!;
  };

  const titles = (alerts: readonly DetectionAlert[]) => alerts.map(({ title }) => title);

  it('counts a match that is passed on again once', () => {
    const wide = new WideCorrelations(rules, 0);
    wide.advance(startMs);
    for (const each of [match(1, 0, 'worker-1'), match(1, 0, 'worker-1')]) wide.add(each);
    // The rule matches only a low count: a duplicate that counted would exceed it.
    expect(titles(wide.advance(startMs + 60_000))).toEqual(['Few by one user']);
  });

  it('counts a late match from its arrival', () => {
    const wide = new WideCorrelations(rules, 0);
    wide.advance(startMs + 300_000);
    wide.add(match(1, 0, 'worker-1'));
    wide.add(match(2, 1, 'worker-2'));
    expect(titles(wide.advance(startMs + 300_001))).toEqual(['Tool runs on several nodes']);
  });

  it('continues from a snapshot as without a restart', () => {
    const [first, second] = [new WideCorrelations(rules, 1000), new WideCorrelations(rules, 1000)];
    first.advance(startMs);
    first.add(match(1, 0, 'worker-1'));
    first.advance(startMs + 5000);
    first.add(match(2, 5, 'worker-2'));
    second.restore(first.snapshot());
    second.add(match(1, 0, 'worker-1'));
    expect(second.advance(startMs + 9000)).toEqual(first.advance(startMs + 9000));
    expect(second.correlation).toEqual(first.correlation);
  });

  it('ignores matches of removed rules', () => {
    const wide = new WideCorrelations(rules, 0);
    wide.replaceRules(loadRules([]));
    wide.add(match(1, 0, 'worker-1'));
    expect(wide.advance(endMs)).toEqual([]);
  });
});
