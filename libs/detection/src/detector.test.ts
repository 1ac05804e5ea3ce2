import type { JsonObject, RuntimeRecord } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';
import { ContainerLedger } from '@tidewaiter/workloads';
import * as fc from 'fast-check';

import { Detector, type DetectorOptions } from './detector.js';

const startMs = Date.parse('2026-03-03T01:12:00Z');

const { rules, correlations } = loadRules([
  {
    path: 'test.yml',
    text: `
title: Downloaded program runs
name: downloaded_program_runs
logsource: { product: tidewaiter, category: exec }
detection:
  downloaded: { File.WrittenBy|endswith: /curl }
  condition: downloaded
level: high
tags: [attack.execution, attack.t1105]
tidewaiter: { finding: drift, weight: alone }
---
title: Below a suspicious program
name: below
logsource: { product: tidewaiter, category: exec }
detection:
  suspected: { Process.Suspected: drift }
  condition: suspected
level: informational
---
title: Connection
name: connection
logsource: { product: tidewaiter, category: connect }
detection:
  any: { Network.DestinationIp|exists: true }
  condition: any
level: low
---
title: Many connections
name: many_connections
correlation:
  type: event_count
  rules: [connection]
  group-by: [Container.Id]
  timespan: 1m
  condition: { gte: 3 }
level: high
tidewaiter: { finding: scan, stage: discovery }
---
title: Shell rule of ours for a sensor
logsource: { product: falco, service: alert }
detection:
  known: { Alert.Rule: Terminal shell in container }
  condition: known
level: low
tidewaiter: { finding: interactive-shell, weight: context }
`,
  },
]);

let serial = 0;

const pod = {
  namespace: 'shop',
  name: 'search-1',
  uid: '29084820-5dd3-4f91-a9ac-4c346b2d7eb4',
  workload: 'search',
  workload_kind: 'Deployment',
  container: {
    id: `containerd://${'c3795de7cf22'.repeat(5)}`,
    name: 'search',
    image: {
      id: `registry.example.com/shop/search@sha256:${'a'.repeat(64)}`,
      name: 'registry.example.com/shop/search:1',
    },
    start_time: '2026-03-03T01:00:00Z',
  },
};

function record(afterMs: number, event: JsonObject, source: RuntimeRecord['source'] = 'tetragon'): RuntimeRecord {
  serial += 1;
  const at = new Date(startMs + afterMs).toISOString();
  return {
    id: `e${String(serial).padStart(3, '0')}`,
    source,
    sensor: 'test',
    cluster: 'eu1',
    node: 'node-1',
    at,
    event,
  };
}

const process = (execId: string, binary: string, parent: string) => ({
  exec_id: execId,
  parent_exec_id: parent,
  pid: 7,
  uid: 0,
  binary,
  arguments: '',
  pod,
});

const exec = (afterMs: number, execId: string, binary: string, parent = 'root') =>
  record(afterMs, { process_exec: { process: process(execId, binary, parent) }, node_name: 'node-1' });

const probe = (afterMs: number, execId: string, binary: string, name: string, args: JsonObject[]) =>
  record(afterMs, {
    process_kprobe: { process: process(execId, binary, 'root'), function_name: name, args },
    node_name: 'node-1',
  });

const write = (afterMs: number, execId: string, binary: string, path: string) =>
  probe(afterMs, execId, binary, 'security_file_permission', [{ file_arg: { path } }, { int_arg: 2 }]);

const connect = (afterMs: number) =>
  probe(afterMs, 'c', '/bin/x', 'tcp_connect', [
    { sock_arg: { daddr: '198.51.100.7', dport: 443, protocol: 'IPPROTO_TCP' } },
  ]);

const shell = (afterMs: number, priority: string, rule = 'Terminal shell in container', more: JsonObject = {}) =>
  record(
    afterMs,
    {
      rule,
      priority,
      output: 'a shell',
      time: new Date(startMs + afterMs).toISOString(),
      hostname: 'node-1',
      tags: ['T1059'],
      output_fields: { 'container.id': 'c3795de7cf22', ...more },
    },
    'falco',
  );

function newDetector(options: Partial<DetectorOptions> = {}): Detector {
  const facts = factContext(factsFromFile({}));
  return new Detector({ rules, correlations, facts, allowedLatenessMs: 5000, ...options });
}

function alertsOf(records: readonly RuntimeRecord[], detector = newDetector()): string[] {
  const alerts = records.flatMap((each) => detector.observe(each));
  alerts.push(...detector.advance(startMs + 3_600_000));
  return alerts.map(({ rule, events }) => `${rule.title}: ${events.join(' ')}`);
}

describe('Detector', () => {
  it('evaluates an executable by its writer, and child processes by their executable', () => {
    const records = [
      exec(0, '1', '/usr/bin/curl'),
      write(10, '1', '/usr/bin/curl', '/tmp/x'),
      exec(20, '2', '/tmp/x'),
      exec(30, '3', '/usr/bin/id', '2'),
    ];
    expect(alertsOf(records)).toEqual([
      `Downloaded program runs: ${records[2]!.id}`,
      `Below a suspicious program: ${records[3]!.id}`,
    ]);
  });

  describe('an alert of a sensor about a start', () => {
    const about = { 'evt.type': 'execve', 'proc.pid': 7, 'proc.exepath': '/tmp/x' };
    const download = write(10, '1', '/usr/bin/curl', '/tmp/x');

    it('is evaluated as a start, too', () => {
      const alert = shell(20, 'notice', 'Some rule', about);
      expect(alertsOf([download, alert])).toEqual([
        `Downloaded program runs: ${alert.id}`,
        expect.stringMatching(/^Some rule: /),
      ]);
    });

    it('is only the alert where the start was reported before', () => {
      const run = exec(20, '2', '/tmp/x');
      const alert = shell(30, 'notice', 'Some rule', about);
      const alerts = alertsOf([download, run, alert]);
      expect(alerts).toContain(`Downloaded program runs: ${run.id}`);
      expect(alerts.filter((each) => each.includes(alert.id))).toEqual([`Some rule: ${alert.id}`]);
    });
  });

  it('keeps an alert of a sensor about a write that was reported before', () => {
    const seen = (afterMs: number, more: JsonObject) =>
      record(
        afterMs,
        {
          timestamp: (startMs + afterMs) * 1e6,
          eventName: 'magic_write',
          nodeName: 'node-1',
          containerId: 'c3795de7cf22',
          processEntityId: 7,
          executable: { path: '/usr/bin/java' },
          args: [{ name: 'pathname', value: '/tmp/x' }],
          ...more,
        },
        'tracee',
      );
    const detection = { metadata: { Properties: { signatureName: 'Some rule', Severity: 2 } } };
    const [before, alert] = [seen(0, {}), seen(10, detection)];
    expect(alertsOf([before, alert])).toEqual([`Some rule: ${alert.id}`]);
  });

  it('sorts events that arrive out of order', () => {
    const [download, run] = [write(0, '1', '/usr/bin/curl', '/tmp/x'), exec(20, '2', '/tmp/x')];
    expect(alertsOf([run, download])).toEqual([`Downloaded program runs: ${run.id}`]);
  });

  it('reports a duplicated event once', () => {
    const [download, run] = [write(0, '1', '/usr/bin/curl', '/tmp/x'), exec(20, '2', '/tmp/x')];
    const detector = newDetector();
    expect(alertsOf([download, run, download, run], detector)).toHaveLength(1);
    expect(detector.counts).toMatchObject({ observed: 4, duplicates: 2 });
  });

  it('counts repeated writes of one process to one file once', () => {
    const detector = newDetector();
    alertsOf([write(0, '1', '/usr/bin/curl', '/tmp/x'), write(1, '1', '/usr/bin/curl', '/tmp/x')], detector);
    expect(detector.counts.repeatedWrites).toBe(1);
  });

  it('keeps the events of a forged container apart from those of the cluster that has it', () => {
    const ledger = new ContainerLedger();
    const facts = factContext({ ...factsFromFile({}), lookup: ledger });
    const detector = newDetector({ facts, onObserved: (observation) => ledger.observe(observation) });
    const forged = { ...connect(2000), cluster: 'eu2' };
    expect(alertsOf([connect(0), connect(1000), forged], detector)).not.toContainEqual(
      expect.stringMatching(/^Many connections/),
    );
  });

  it('raises the alert of a correlation and none for its parts', () => {
    const records = [connect(0), connect(1000), connect(2000)];
    expect(alertsOf(records)).toEqual([`Many connections: ${records.map(({ id }) => id).join(' ')}`]);
  });

  describe('a late event', () => {
    const records = () => [connect(0), connect(1000), exec(20_000, '9', '/bin/true'), connect(2000)];

    it('is evaluated and counted in a recording, but not correlated', () => {
      const detector = newDetector();
      const late = write(100, '1', '/usr/bin/curl', '/tmp/x');
      const then = exec(200, '2', '/tmp/x');
      expect(alertsOf([...records(), late, then], detector)).toEqual([`Downloaded program runs: ${then.id}`]);
      expect(detector.counts.late).toBe(3);
    });

    it("counts from its arrival with a caller's clock", () => {
      const detector = newDetector({ clock: 'caller' });
      for (const each of records().slice(0, 3)) detector.observe(each);
      expect(detector.advance(startMs + 20_000)).toEqual([]);
      expect(detector.observe(connect(2000))).toEqual([]);
      expect(detector.advance(startMs + 20_001).map(({ rule }) => rule.title)).toEqual(['Many connections']);
      expect(detector.counts.late).toBe(1);
    });

    it("keeps the order of its own batch with a caller's clock", () => {
      const detector = newDetector({ clock: 'caller' });
      detector.advance(startMs + 60_000);
      const run = exec(2000, '2', '/tmp/x');
      detector.observe(run);
      detector.observe(write(1000, '1', '/usr/bin/curl', '/tmp/x'));
      expect(detector.advance(startMs + 60_001).map(({ rule }) => rule.title)).toEqual(['Downloaded program runs']);
    });
  });

  it('does not delay other nodes when the clock of one is ahead', () => {
    const detector = newDetector({ clock: 'caller' });
    detector.advance(startMs);
    detector.observe(write(0, '1', '/usr/bin/curl', '/tmp/x'));
    detector.observe(exec(86_400_000, '2', '/tmp/x'));
    expect(detector.advance(startMs + 6000).map(({ rule }) => rule.title)).toEqual(['Downloaded program runs']);
  });

  describe("a sensor's own evaluation", () => {
    it.each([
      ['Emergency', 'critical', 'alone'],
      ['Critical', 'critical', 'alone'],
      ['Error', 'high', 'alone'],
      ['Warning', 'medium', 'alone'],
      ['Notice', 'informational', 'context'],
      ['Debug', 'informational', 'context'],
    ])('evaluates %s as %s', (priority, severity, weight) => {
      const detector = newDetector();
      detector.observe(shell(0, priority, 'Drop and execute new binary in container'));
      expect(detector.advance(startMs + 60_000)).toMatchObject([
        { severity, weight, bySensor: true, techniques: ['T1059'] },
      ]);
    });

    it('is replaced by the alert of a rule that details it', () => {
      const detector = newDetector();
      detector.observe(shell(0, 'Warning'));
      expect(detector.advance(startMs + 60_000)).toMatchObject([
        { severity: 'low', finding: 'interactive-shell', bySensor: false },
      ]);
    });

    it('is lowered in a build environment', () => {
      const facts = factContext(factsFromFile({ policy: { builder_namespaces: ['ci'] } }));
      const detector = newDetector({ facts });
      const event = shell(0, 'Critical', 'Launch Package Management Process in Container');
      Object.assign(event.event['output_fields'] as JsonObject, { 'k8s.ns.name': 'ci', 'k8s.pod.name': 'build-1' });
      detector.observe(event);
      expect(detector.advance(startMs + 60_000)).toMatchObject([
        { severity: 'low', weight: 'context', lowered: 'expected of a builder' },
      ]);
    });
  });

  it('keeps its memory when rules are replaced', () => {
    const detector = newDetector();
    for (const each of [write(0, '1', '/usr/bin/curl', '/tmp/x'), connect(0), connect(1000)]) detector.observe(each);
    detector.advance(startMs + 10_000);
    detector.replaceRules({ rules, correlations });
    const after = [exec(11_000, '2', '/tmp/x'), connect(12_000)].flatMap((each) => detector.observe(each));
    after.push(...detector.advance(startMs + 60_000));
    expect(after.map(({ rule }) => rule.title)).toEqual(['Downloaded program runs', 'Many connections']);
  });

  const anyRecord = fc
    .tuple(fc.nat(20_000), fc.constantFrom('download', 'run', 'child', 'connect', 'shell'))
    .map(([afterMs, kind]) => {
      if (kind === 'download') return write(afterMs, '1', '/usr/bin/curl', '/tmp/x');
      if (kind === 'run') return exec(afterMs, '2', '/tmp/x');
      if (kind === 'child') return exec(afterMs, '3', '/usr/bin/id', '2');
      return kind === 'connect' ? connect(afterMs) : shell(afterMs, 'Warning', 'Some rule');
    });

  it('evaluates waiting events again after a restore as without a restart', () => {
    const late = [exec(0, '2', '/tmp/x'), write(1, '1', '/usr/bin/curl', '/tmp/x')];
    const early = [shell(0, 'Warning', 'Some rule'), write(5_001, '1', '/usr/bin/curl', '/tmp/x')];
    const [whole, first, second] = [newDetector(), newDetector(), newDetector()];
    for (const each of early) {
      whole.observe(each);
      first.observe(each);
    }
    second.restore(first.snapshot());
    for (const each of late) expect(second.observe(each)).toEqual(whole.observe(each));
    const alerts = whole.advance(startMs + 60_000);
    expect(alerts.map(({ title }) => title)).toEqual(['Downloaded program runs']);
    expect(second.advance(startMs + 60_000)).toEqual(alerts);
  });

  it('continues from a snapshot as without a restart', () => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { maxLength: 15 }),
        fc.nat(15),
        fc.constantFrom('events' as const, 'caller' as const),
        (records, split, clock) => {
          const whole = newDetector({ clock });
          const first = newDetector({ clock });
          const second = newDetector({ clock });
          for (const each of records.slice(0, split)) expect(first.observe(each)).toEqual(whole.observe(each));
          second.restore(first.snapshot());
          for (const each of records.slice(split)) expect(second.observe(each)).toEqual(whole.observe(each));
          const endMs = startMs + 60_000;
          expect(second.advance(endMs)).toEqual(whole.advance(endMs));
          expect(second.counts).toEqual(whole.counts);
        },
      ),
    );
  });

  it('writes in steps the memory of the moment at which the snapshot was taken', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 15 }), fc.nat(15), (records, split) => {
        const detector = newDetector({ clock: 'caller' });
        for (const each of records.slice(0, split)) detector.observe(each);
        detector.advance(startMs + 10_000);
        for (const each of records.slice(0, split)) detector.observe(each);
        const whole = Buffer.from(detector.snapshot()).toString();
        const steps = detector.snapshotSteps();
        for (const each of records.slice(split)) detector.observe(each);
        detector.advance(startMs + 60_000);
        expect(Buffer.concat([...steps]).toString()).toBe(whole);
      }),
    );
  });

  it('rejects a snapshot of an unknown format', () => {
    expect(() => newDetector().restore(Buffer.from('{"format":"other"}'))).toThrow('not tidewaiter-detector/6');
    expect(() => newDetector().restore(Buffer.from('nothing'))).toThrow('not JSON');
  });

  describe('an event in a source that can be read again', () => {
    const asks = (selection: string) =>
      loadRules([
        {
          path: 'flags.yml',
          text: `
title: Asked
logsource: { product: linux, category: process_creation }
detection: { known: { ${selection} }, condition: known }
level: high
`,
        },
      ]);
    const flagged = () => {
      const found = exec(0, '1', '/bin/sh');
      (found.event['process_exec'] as Record<string, JsonObject>)['process']!['flags'] = 'execve';
      return found;
    };
    const sourceOf = ({ event }: RuntimeRecord) => ({ eventAt: jest.fn(() => structuredClone(event)) });

    it('is not read again for rules that use no native field', () => {
      // The image is known: events of unknown images are kept, which reads their native event.
      const facts = factContext(factsFromFile({ images: { [`sha256:${'a'.repeat(64)}`]: {} } }));
      const detector = newDetector({ clock: 'caller', facts });
      const source = sourceOf(flagged());
      detector.observe(flagged(), source);
      expect(detector.advance(startMs + 60_000)).toEqual([]);
      expect(source.eventAt).not.toHaveBeenCalled();
    });

    it('matches native fields like an event in memory', () => {
      for (const selection of [
        'process_exec.process.flags: execve',
        'node_name|exists: true',
        'Image: /bin/sh',
        'flags: execve',
      ]) {
        const [record, detectors] = [flagged(), [newDetector(asks(selection)), newDetector(asks(selection))]];
        detectors[0]!.observe(record);
        detectors[1]!.observe(structuredClone(record), sourceOf(record));
        const [plain, again] = detectors.map((each) => each.advance(startMs + 60_000));
        expect(again).toEqual(plain);
      }
    });

    it('has its native record as evidence', () => {
      const detector = newDetector({ ...asks('Image: /bin/sh'), clock: 'caller' });
      const record = flagged();
      detector.observe(structuredClone(record), sourceOf(record));
      const [alert] = detector.advance(startMs + 60_000);
      expect(alert?.evidence[0]?.record).toEqual(record.event);
    });

    it('is read again for new rules and for a snapshot', () => {
      const record = flagged();
      const detector = newDetector({ clock: 'caller' });
      detector.observe(structuredClone(record), sourceOf(record));
      const other = newDetector({ ...asks('process_exec.process.flags: execve'), clock: 'caller' });
      other.restore(detector.snapshot());
      detector.replaceRules(asks('process_exec.process.flags: execve'));
      for (const each of [detector, other]) {
        expect(each.advance(startMs + 60_000).map(({ title, events }) => [title, events])).toEqual([
          ['Asked', [record.id]],
        ]);
      }
    });
  });

  it('leaves the parent and the user unknown where a hook does not report them', () => {
    const asked = loadRules([
      {
        path: 'test.yml',
        text: `
title: Server's tool connects
logsource: { product: tidewaiter, category: connect }
detection:
  parent: { Process.ParentExecutable: /usr/sbin/nginx, Process.ParentUid: 0 }
  condition: parent
level: high`,
      },
    ]);
    const records = [exec(0, 's', '/usr/sbin/nginx'), exec(1000, 'c', '/bin/x', 's'), connect(2000)];
    expect(alertsOf(records, newDetector({ ...asked }))).toEqual([
      `Server's tool connects: ${records[1]!.id} ${records[2]!.id}`,
    ]);
  });
});
