import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject, RuntimeRecord } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';

import { Detector } from '../detector.js';
import { IncidentBuilder } from '../incidents/incident-builder.js';

const folder = join(__dirname, '../../../../rules');
const rules = loadRules(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .map((name) => ({ path: name, text: readFileSync(join(folder, name), 'utf8') })),
);

const startMs = Date.parse('2026-11-25T10:42:07Z');

/** Creates a Falco alert about a container of `checkout`. */
function alert(rule: string, priority: string, pod: string, afterMs = 0, more: JsonObject = {}): RuntimeRecord {
  const at = new Date(startMs + afterMs).toISOString();
  return {
    id: `${rule}-${pod}-${afterMs}`,
    source: 'falco',
    sensor: 'falco-eu1',
    cluster: 'eu1',
    node: 'worker-1',
    at,
    event: {
      rule,
      priority,
      output: `${rule} in ${pod}`,
      time: at,
      hostname: 'worker-1',
      tags: [],
      output_fields: {
        'container.id': `3f9c1a2b4d5${pod}`,
        'container.image.repository': 'localhost:5000/payments/checkout',
        'container.image.tag': '1.4.0',
        'k8s.ns.name': 'payments',
        'k8s.pod.name': `checkout-${pod}`,
        ...more,
      },
    },
  };
}

/** Runs the records, by default without facts about any image, and returns the incidents. */
function incidentsOf(records: readonly RuntimeRecord[], facts: unknown = {}) {
  const detector = new Detector({ ...rules, facts: factContext(factsFromFile(facts)), allowedLatenessMs: 0 });
  const builder = new IncidentBuilder();
  const alerts = [...records.flatMap((record) => detector.observe(record)), ...detector.advance(startMs + 3_600_000)];
  for (const each of alerts) builder.add(each);
  builder.advance(startMs + 3_600_000);
  return builder.incidents().map(({ title, severity, count }) => ({ title, severity, count }));
}

describe('evaluateSensorAlert, without other evidence', () => {
  it.each([
    ['Warning', 'medium'],
    ['Error', 'high'],
    ['Critical', 'critical'],
    ['Emergency', 'critical'],
  ])('opens an incident at priority %s', (priority, severity) => {
    expect(incidentsOf([alert('A rule of the user', priority, 'a')])).toEqual([
      {
        title: 'A rule of the user: localhost:5000/payments/checkout:1.4.0 in namespace payments',
        severity,
        count: 1,
      },
    ]);
  });

  it.each(['Notice', 'Informational', 'Debug'])('opens no incident at priority %s', (priority) => {
    expect(incidentsOf([alert('A rule of the user', priority, 'a')])).toEqual([]);
  });

  it('opens one incident for each rule and image, and counts its pods', () => {
    const repeated = [0, 1000, 2000].map((afterMs) => alert('First rule', 'Warning', 'a', afterMs));
    const elsewhere = alert('First rule', 'Warning', 'b', 3000);
    const another = alert('Second rule', 'Error', 'c', 4000, { 'container.image.tag': '2' });
    expect(incidentsOf([...repeated, elsewhere, another])).toEqual([
      expect.objectContaining({ severity: 'medium', count: 4 }),
      expect.objectContaining({ severity: 'high', count: 1 }),
    ]);
  });

  it('opens one incident for a container, for all rules and any part of its id', () => {
    const first = alert('First rule', 'Warning', 'a', 0, {
      'container.id': '8f4ae1a7a49c',
      'container.image.repository': null,
    });
    const second = alert('Second rule', 'Error', 'a', 1000, { 'container.id': '8f4ae1a7a49c'.padEnd(64, '0') });
    expect(incidentsOf([first, second])).toEqual([expect.objectContaining({ severity: 'high', count: 2 })]);
  });

  it('adds the finding of a known sensor rule and still opens the incident', () => {
    const drift = alert('Drop and execute new binary in container', 'Critical', 'a', 0, {
      'proc.exepath': '/tmp/kinsing',
    });
    expect(incidentsOf([drift])).toEqual([
      {
        title: 'Drop and execute new binary in container: localhost:5000/payments/checkout:1.4.0 in namespace payments',
        severity: 'critical',
        count: 1,
      },
    ]);
  });

  it('opens none for a login program that reads the files of accounts', () => {
    const read = (program: string, path: string) =>
      alert('Read sensitive file trusted after startup', 'Warning', 'a', 0, {
        'evt.type': 'openat',
        'proc.exepath': program,
        'fd.name': path,
      });
    expect(incidentsOf([read('/usr/sbin/sshd', '/etc/shadow')])).toEqual([]);
    expect(incidentsOf([read('/usr/sbin/sshd', '/root/.ssh/id_rsa')])).toHaveLength(1);
    expect(incidentsOf([read('/usr/bin/python3', '/etc/shadow')])).toHaveLength(1);
  });

  it('opens no incident in a build environment', () => {
    const drift = alert('Drop and execute new binary in container', 'Critical', 'a');
    expect(incidentsOf([drift], { policy: { builder_namespaces: ['payments'] } })).toEqual([]);
  });
});
