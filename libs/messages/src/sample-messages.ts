import { countBySeverity, findingOf, type Incident, type Severity } from '@tidewaiter/domain';

import { findingMessage } from './kinds/finding-message.js';
import type { FindingReport } from './kinds/finding-report.js';
import { incidentMessage } from './kinds/incident-message.js';
import type { IncidentReport } from './kinds/incident-report.js';
import type { PushFinding } from './kinds/push-message-groups.js';
import { pushMessage, type PushReport } from './kinds/push-message.js';
import { sensorMessage, type SensorReport } from './kinds/sensor-message.js';
import { summaryMessage } from './kinds/summary-message.js';
import type { Message, MessageKind } from './message.js';

interface Console {
  consoleUrl: string;
}

/**
 * Sample message of each kind, about an image that does not exist: for previews, and to try
 * templates.
 */
export function sampleMessage(kind: MessageKind, console: Console): Message {
  return samples[kind](console);
}

const samples: Record<MessageKind, (console: Console) => Message> = {
  push: (console) => pushMessage(samplePush, console),
  finding: (console) => findingMessage([sampleFinding], console),
  incident: (console) => incidentMessage(sampleIncident, console),
  sensor: () => sensorMessage(sampleSensor),
  summary: sampleSummary,
};

const digest = `sha256:${'4fd2a1b09c3e'.repeat(5)}4fd2`;
const previousDigest = `sha256:${'ab41c07e5d22'.repeat(5)}ab41`;
const platforms = ['linux/amd64', 'linux/arm64'];

interface Hole {
  id: string;
  name: string;
  installed: string;
  fix: string | null;
  severity: Severity;
  isNew?: boolean;
  kev?: boolean;
  epss?: number;
}

function hole({ id, name, installed, fix, severity, isNew = true, kev = false, epss }: Hole): PushFinding {
  const finding = findingOf({
    kind: 'vulnerability',
    id,
    severity,
    title: `${id} in ${name}`,
    fingerprint: `${id}/${name}`,
    purl: `pkg:deb/debian/${name}@${installed}`,
    packageName: name,
    installedVersion: installed,
    layer: 0,
    state: 'present',
    fix: { state: fix === null ? 'not-fixed' : 'fixed', version: fix },
  });
  const use = { kev, epss: epss ?? null, running: true, inUse: name === 'openssl' };
  return { finding: { ...finding, ...use }, isNew, platforms };
}

const openssl = { name: 'openssl', installed: '3.0.15-1~deb12u1', fix: '3.0.17-1~deb12u2' };
const findings: PushFinding[] = [
  hole({ ...openssl, id: 'CVE-2026-21101', severity: 'critical', kev: true, epss: 0.71 }),
  hole({ ...openssl, id: 'CVE-2026-21102', severity: 'high' }),
  hole({ ...openssl, id: 'CVE-2026-21107', severity: 'high' }),
  hole({ id: 'CVE-2026-4410', name: 'curl', installed: '7.88.1-10', fix: '7.88.1-10+deb12u9', severity: 'high' }),
  hole({ id: 'CVE-2026-9033', name: 'zlib1g', installed: '1:1.2.13', fix: null, severity: 'high' }),
  hole({
    id: 'CVE-2025-7002',
    name: 'libxml2',
    installed: '2.9.14',
    fix: '2.9.14+deb12u3',
    severity: 'high',
    isNew: false,
  }),
];

const samplePush: PushReport = {
  registry: 'registry.example.com',
  repository: 'shop/checkout',
  tag: '1.42',
  digest,
  owner: 'team-shop',
  platforms,
  pushedBy: 'ci-bot',
  pipeline: {
    run: {
      url: 'https://git.example.com/shop/checkout/runs/4711',
      id: '4711',
      attempt: '1',
      workflow: 'release',
      actor: 'jane',
      source: 'https://git.example.com/shop/checkout',
      revision: 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678',
      ref: 'refs/heads/main',
      startedAt: '2026-11-25T10:38:00Z',
      finishedAt: '2026-11-25T10:41:30Z',
    },
    proven: ['revision'],
  },
  pushedAt: '2026-11-25T10:42:00Z',
  previousDigest,
  findings,
  resolved: [
    hole({ id: 'CVE-2025-3301', name: 'libexpat1', installed: '2.5.0-1', fix: '2.5.0-1+deb12u1', severity: 'high' }),
  ],
  packagesChanged: { added: 3, removed: 1, upgraded: 12 },
  changes: null,
  warnings: [],
  counts: { ...countBySeverity(findings.map(({ finding }) => finding)), medium: 14, low: 31 },
};

const sampleFinding: FindingReport = {
  kind: 'vulnerability',
  id: 'CVE-2026-21101',
  advisoryId: 'DSA-5999-1',
  title: 'Out-of-bounds write when parsing X.509 certificates',
  severity: 'critical',
  exploitation: { kev: true, epss: 0.71 },
  status: 'opened',
  reason: 'advisory',
  at: '2026-11-25T10:42:00Z',
  places: ['1.41', '1.42', 'edge'].map((tag, index) => ({
    registry: 'registry.example.com',
    repository: index < 2 ? 'shop/checkout' : 'shop/cart',
    tag,
    isTagged: true,
    digest: index === 1 ? digest : `sha256:${String(index).repeat(64)}`,
    packageName: 'openssl',
    packageType: 'deb',
    installedVersion: '3.0.15-1~deb12u1',
    match: 'affected',
    fix: { state: 'fixed', version: '3.0.17-1~deb12u2' },
    running: index === 1,
    workloads: index === 1 ? ['shop/Deployment/checkout'] : [],
    owner: 'team-shop',
  })),
};

const sampleSensor: SensorReport = {
  sensor: 'nodes-eu1',
  kind: 'tetragon',
  cluster: 'eu1',
  status: 'firing',
  heardAt: '2026-11-25T10:31:00Z',
  silentSince: '2026-11-25T10:31:00Z',
};

const incident: Incident = {
  id: '7d1f9c52-0b0a-5a1e-8c3d-2f4e6a8b0c1d',
  revision: 3,
  state: 'open',
  mergedInto: null,
  titleRank: 1,
  title: 'Cryptominer in shop/Deployment/checkout',
  sentence:
    'Since 2026-11-25 01:02:03 UTC in shop/Deployment/checkout: shell spawned by server process, then executable not in image started, then connection to mining pool.',
  severity: 'critical',
  score: 88,
  workload: 'shop/Deployment/checkout',
  image: 'registry.example.com/shop/checkout:1.42',
  imageDigest: digest,
  cluster: 'eu1',
  namespace: 'shop',
  openedBy: 'event-1',
  firstSeen: '2026-11-25T01:02:03Z',
  lastSeen: '2026-11-25T01:04:40Z',
  count: 41,
  findings: ['drift', 'miner'],
  techniques: ['T1059', 'T1496.001'],
  steps: [
    {
      title: 'Shell spawned by server process',
      technique: 'T1059',
      stage: 'execution',
      severity: 'high',
      at: '2026-11-25T01:02:03Z',
      events: ['event-1'],
    },
    {
      title: 'Executable not in image started',
      technique: 'T1059',
      stage: 'execution',
      severity: 'high',
      at: '2026-11-25T01:02:31Z',
      events: ['event-2'],
    },
    {
      title: 'Connection to mining pool',
      technique: 'T1496.001',
      stage: 'impact',
      severity: 'critical',
      at: '2026-11-25T01:04:40Z',
      events: ['event-3', 'event-4'],
    },
  ],
  evidence: [
    {
      event: 'event-2',
      at: '2026-11-25T01:02:31Z',
      source: 'tetragon',
      rule: 'Executable not in image started',
      text: '/tmp/.x/kthreadd -o pool.example.net:3333',
      where: 'shop/checkout-7c9f6d-x2x9l/checkout',
      record: null,
    },
  ],
  workloads: [
    {
      cluster: 'eu1',
      workload: 'shop/Deployment/checkout',
      imageDigest: digest,
      firstSeen: '2026-11-25T01:02:03Z',
      pods: ['checkout-7c9f6d-x2x9l'],
    },
  ],
  artifacts: [{ kind: 'destination', value: 'pool.example.net:3333' }],
  factsUsed: ['/tmp/.x/kthreadd is not in the image'],
  nextSteps: ['Isolate the pod and keep its file system', 'Upgrade openssl to 3.0.17-1~deb12u2 and push again'],
  rules: [{ id: null, title: 'Executable not in image started', author: 'Jane Doe', license: 'DRL-1.1', link: null }],
};

const sampleIncident: IncidentReport = {
  owner: 'team-shop',
  incident: { ...incident, number: 318, resolvedBy: null, resolution: null, assignee: null, snoozedUntil: null },
  revisions: [
    {
      revision: 1,
      kind: 'opened',
      severity: 'high',
      news: ['Shell spawned by server process (T1059)'],
      actor: null,
      comment: null,
    },
  ],
  context: {
    image: {
      digest,
      push: {
        pushedAt: new Date('2026-11-25T10:42:00Z'),
        receivedAt: new Date('2026-11-25T10:42:01Z'),
        pushedBy: 'ci-bot',
      },
      changes: null,
      counts: samplePush.counts,
      isEvaluated: true,
      findings: [{ id: 'CVE-2026-21101', packageName: 'openssl', kev: true }],
      provenance: {
        isSigned: true,
        signers: ['release@example.com'],
        builder: null,
        source: null,
        revision: samplePush.pipeline?.run.revision ?? null,
      },
    },
    reach: {
      images: { items: [{ shares: 'image' }, { shares: 'layer /app/server' }], total: 2 },
      workloads: { items: [{ exposed: true }, { exposed: false }], total: 2 },
      incidents: [{ number: 311 }],
    },
  },
};

function sampleSummary(console: Console): Message {
  const resolved: IncidentReport = {
    ...sampleIncident,
    incident: {
      ...sampleIncident.incident,
      number: 305,
      state: 'resolved',
      resolvedBy: 'jane',
      title: 'Shell in shop/web',
    },
  };
  const calm = {
    ...samplePush,
    repository: 'shop/cart',
    findings: findings.slice(3, 5),
    resolved: findings.slice(1, 3),
  };
  const messages = [
    incidentMessage(sampleIncident, console),
    incidentMessage(resolved, console),
    pushMessage(samplePush, console),
    pushMessage(calm, console),
    findingMessage([sampleFinding], console),
  ];
  const ending = {
    finding: 'CVE-2025-9999',
    until: new Date('2026-11-30T00:00:00Z'),
    reason: 'the feature is switched off',
    owner: 'team-shop',
    source: 'exceptions[0]',
  };
  return summaryMessage(messages, console, { ending: [ending], health: ['Sensor falco-eu2 is silent'] })!;
}
