import { mailHtml, mailText, noteBlocks, slackBlocks } from '@tidewaiter/receivers';
import type { IncidentContext, IncidentRevision, StoredIncident } from '@tidewaiter/store';
import { minerIncident, uuidOf } from '@tidewaiter/testkit';

import { creditsText, incidentMessage, reachText } from './incident-message.js';
import type { IncidentReport } from './incident-report.js';

const console = { consoleUrl: 'https://tidewaiter.example.com' };
const at = new Date('2026-11-25T01:02:05Z');

const incident = (more: Partial<StoredIncident> = {}): StoredIncident => ({
  ...minerIncident(),
  number: 12,
  openedAt: at,
  updatedAt: at,
  resolvedAt: null,
  resolvedBy: null,
  resolution: null,
  assignee: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  snoozedUntil: null,
  ...more,
});

const opened: IncidentRevision = {
  revision: 1,
  kind: 'opened',
  severity: 'high',
  news: ['Dropped program started (T1059)'],
  actor: null,
  comment: null,
  at,
};

const image: NonNullable<IncidentContext['image']> = {
  digest: minerIncident().imageDigest!,
  push: {
    id: uuidOf('push'),
    connection: 'main',
    registryHost: 'registry.example.com',
    repository: 'shop/checkout',
    tag: '1.4',
    claimedDigest: null,
    digest: minerIncident().imageDigest,
    mediaType: 'm',
    artifact: 'image',
    origin: 'hook',
    attachedTo: null,
    pushedBy: 'ci-bot',
    pushedAt: new Date('2026-11-24T08:00:00Z'),
    receivedAt: new Date('2026-11-24T08:00:01Z'),
    state: 'analyzed',
    comparedWith: null,
    previousDigest: null,
    isLate: false,
    signatureDueAt: null,
    verdict: 'fail',
    counts: null,
    warningCount: 0,
    code: null,
    reason: null,
    finishedAt: null,
  },
  changes: null,
  counts: { critical: 1, high: 2, medium: 0, low: 0, negligible: 0, unknown: 0 },
  isEvaluated: true,
  findings: [],
  provenance: { isSigned: false, signers: [], builder: null, source: null, revision: null },
};

const report = (more: Partial<StoredIncident> = {}, context: Partial<IncidentContext> = {}): IncidentReport => ({
  incident: incident(more),
  owner: null,
  revisions: [opened],
  context: {
    image,
    reach: { images: { items: [], total: 0 }, workloads: { items: [], total: 0 }, incidents: [] },
    ...context,
  },
});

const message = (more: Partial<StoredIncident> = {}, context: Partial<IncidentContext> = {}) =>
  incidentMessage(report(more, context), console);

it('reads as a story', () => {
  const findings = [
    { id: 'CVE-2026-1', packageName: 'openssl', kev: true },
    { id: 'CVE-2026-2', packageName: 'zlib', kev: false },
  ] as typeof image.findings;
  expect(mailText(message({}, { image: { ...image, findings } })))
    .toBe(`High · Miner in shop/Deployment/checkout (INC-12)

A program that is not in the image was written to /tmp and talks to a mining pool. No other workload or image affected.

What happened
  [High] 01:02:03 Dropped program started
      T1059 · /tmp/.x/kthreadd -o pool[.]example[.]net:3333 (shop/checkout-7d4c/checkout) · 2 events
  [High] 01:02:09 Connection to mining pool
      T1496.001

Image context
  /tmp/.x/kthreadd is not in the image
  The image is unsigned
  3 critical or high findings
      CVE-2026-1 in openssl (exploited) and CVE-2026-2 in zlib
  Pushed 2026-11-24 08:00 UTC by ci-bot
      not signed

What to do
  Cordon the node and keep the pod for inspection
  Roll back to the digest before this one

Workload:       shop/Deployment/checkout
Image:          registry.example.com/shop/checkout:1.4
Digest:         ${image.digest.slice(0, 19)}
Cluster:        eu1
Pods:           checkout-7d4c
Seen:           2026-11-25 01:02 UTC
Events:         3
Findings:       drift and miner
Techniques:     T1059 and T1496.001
Image findings: 1 critical, 2 high

Open incident: https://tidewaiter.example.com/incidents/${uuidOf('miner')}
Open image: https://tidewaiter.example.com/images/${image.digest}

-- 
Tidewaiter · INC-12 · rules by Jane Doe (DRL-1.1): Program started that the image does not have
`);
});

it('shows the end of an incident instead of the response steps', () => {
  const resolved = message({ state: 'resolved', resolvedBy: 'jane', resolution: 'test' });
  expect(resolved).toMatchObject({
    status: 'resolved',
    title: 'Resolved · Miner in shop/Deployment/checkout (INC-12)',
    summary: expect.stringContaining('Resolved by jane as test.'),
  });
  expect(resolved.sections.map(({ title }) => title)).not.toContain('What to do');
  expect(message({ state: 'resolved' }).summary).toContain('No further activity.');
  expect(message({ state: 'merged' })).toMatchObject({
    status: 'resolved',
    summary: expect.stringContaining('Merged into another incident.'),
  });
});

it.each<[string, Partial<StoredIncident>, string[]]>([
  ['was not analyzed', {}, ['Tidewaiter has not analyzed this image: its content is unknown']],
  ['is not known', { image: null, imageDigest: null }, []],
])('describes an image that %s', (_what, more, expected) => {
  const { sections, links } = message({ ...more, factsUsed: [] }, { image: null });
  const about = sections.find(({ title }) => title === 'Image context');
  expect(about?.items.map(({ text }) => text) ?? []).toEqual(expected);
  expect(links.map(({ text }) => text)).toEqual(['Open incident']);
});

it('names the time without a signature, where the signature came later', () => {
  const story = {
    sentence:
      'A shell in shop/checkout. Known facts: the image is not signed, unlike the previous one; it runs as root.',
    factsUsed: ['the image is not signed, unlike the previous one'],
  };
  const text = (isSigned: boolean) => {
    const provenance = { ...image.provenance, isSigned, signers: isSigned ? ['release'] : [] };
    return JSON.stringify(message(story, { image: { ...image, provenance } }));
  };
  expect(text(true)).not.toContain('is not signed');
  expect(text(true).match(/the image was not signed at that time, unlike the previous one/g)).toHaveLength(2);
  expect(text(true)).toContain('signed by release');
  expect(text(false).match(/the image is not signed/g)).toHaveLength(2);
});

it('does not report an image that was not evaluated as clean', () => {
  const counts = { critical: 0, high: 0, medium: 1, low: 0, negligible: 0, unknown: 0 };
  const textsOf = (isEvaluated: boolean) =>
    message({ factsUsed: [] }, { image: { ...image, counts, isEvaluated } }).sections[1]!.items.map(({ text }) => text);
  expect(textsOf(true)).toContain('No critical or high findings');
  expect(textsOf(false)).toContain('The image could not be evaluated completely');
});

describe('how far it reaches', () => {
  const [workload] = minerIncident().workloads;
  const tag = (shares: string) => ({ registry: 'r', repository: 'a', tag: '1', digest: 'd', shares });
  const nothing: IncidentContext['reach'] = {
    images: { items: [], total: 0 },
    workloads: { items: [], total: 0 },
    incidents: [],
  };
  it.each<[Partial<StoredIncident>, Partial<IncidentContext['reach']>, string]>([
    [{}, {}, 'No other workload or image affected.'],
    [{ imageDigest: null }, {}, 'Image: unknown.'],
    [{}, { images: { items: [tag('image')], total: 1 } }, '1 tag points to its image.'],
    [
      { workloads: [workload!, workload!] },
      { images: { items: [tag('image'), tag('layer with /a')], total: 212 } },
      '1 tag points to its image and 211 other images share the affected content.',
    ],
    [
      {},
      {
        workloads: {
          items: [{ cluster: null, workload: 'a/b/c', imageDigest: 'd', exposed: true, shares: 'image' }],
          total: 3,
        },
      },
      '3 other workloads run this image or share its layers (1 exposed).',
    ],
    [{}, { incidents: [{ id: 'x', number: 3, title: 't', shares: ['sha256 1'] }] }, 'INC-3 has the same indicators.'],
  ])('in a sentence', (more, reach, expected) => {
    expect(reachText(incident(more), { ...nothing, ...reach })).toBe(expected);
  });
});

it('names all authors and licenses before all rules', () => {
  const rule = { id: null, title: 'a', author: 'b', license: 'c', link: null };
  const rules = [rule, { ...rule, author: null, license: null }, ...['d', 'e'].map((title) => ({ ...rule, title }))];
  expect(creditsText(rules)).toBe('rules by b (c): a, d and 1 more; rules: a');
});

it('shows the day of a step on another day', () => {
  const [step] = minerIncident().steps;
  const { sections } = message({
    steps: [
      { ...step!, at: '2026-11-26T03:00:00Z' },
      { ...step!, at: 'odd' },
    ],
  });
  expect(sections[0]!.items.map(({ text }) => text)).toEqual([
    '2026-11-26 03:00:00 Dropped program started',
    'odd Dropped program started',
  ]);
});

it('lets hostile text be nothing but text', () => {
  const attack = '<!channel> *b* `c` <https://evil.example.com|x> \u202egnp.exe\u0007\n<script>alert(1)</script>';
  const name = '<!channel> *b* `c` \u202egnp.exe\u0007\n<script>alert(1)</script>';
  const [step] = minerIncident().steps;
  const [evidence] = minerIncident().evidence;
  const [workload] = minerIncident().workloads;
  const hostile = incidentMessage(
    {
      ...report({
        title: attack,
        sentence: attack,
        image: name,
        workload: name,
        steps: [{ ...step!, title: attack }],
        evidence: [{ ...evidence!, text: attack.repeat(200), where: attack }],
        workloads: [{ ...workload!, workload: name, pods: [name] }],
        factsUsed: [attack],
        nextSteps: [attack],
        rules: [{ id: null, title: name, author: name, license: name, link: attack }],
        artifacts: [{ kind: 'destination', value: 'evil.example.com' }],
      }),
      revisions: [{ ...opened, news: [attack], actor: attack }],
    },
    console,
  );
  const slack = JSON.stringify([slackBlocks(hostile), noteBlocks(hostile, hostile.history![0]!.lines)]);
  expect(slack).not.toMatch(/<!channel>|<https:\/\/evil|\p{Cf}|\p{Cc}/u);
  expect(slack.length).toBeLessThan(13_000);
  const html = mailHtml(hostile);
  expect(html).not.toMatch(/<script>|\p{Cf}|https:\/\/evil|evil\.example/u);
  expect(html).not.toContain('\u0007');
  expect(hostile.title).toMatch(/\(INC-12\)$/);
  expect(hostile.title.length).toBeLessThanOrEqual(140);
  for (const { items } of hostile.sections) for (const { text } of items) expect(text).not.toContain('\n');
});

it('stays within the limits of Slack for any length of the timeline', () => {
  const [step] = minerIncident().steps;
  const steps = Array.from({ length: 500 }, (_, index) => ({ ...step!, title: `${index} ${'&'.repeat(400)}` }));
  const long = message({ steps, sentence: '&'.repeat(50_000), factsUsed: steps.map(({ title }) => title) });
  const blocks = slackBlocks(long);
  expect(blocks.length).toBeLessThanOrEqual(50);
  expect(JSON.stringify(blocks).length).toBeLessThan(13_000);
  expect(long.sections[0]).toMatchObject({ omitted: 488 });
});

it('escapes every part of an incident in a link', () => {
  const [link] = message({ id: '../x?<|>' }).links;
  expect(link?.url).toBe('https://tidewaiter.example.com/incidents/..%2Fx%3F%3C%7C%3E');
});

describe('an acknowledged incident', () => {
  const acknowledged: IncidentRevision = { ...opened, revision: 2, kind: 'acknowledged', news: [], actor: 'jane' };
  const context: IncidentContext = {
    image: null,
    reach: { images: { items: [], total: 0 }, workloads: { items: [], total: 0 }, incidents: [] },
  };
  const messageOf = (revisions: IncidentRevision[]) =>
    incidentMessage({ incident: incident(), revisions, context, owner: null }, console);

  it('names the user, and notes it in the thread', () => {
    const message = messageOf([opened, acknowledged]);
    expect(message.summary).toContain('Acknowledged by jane.');
    expect(message.isAcknowledged).toBe(true);
    expect(message.history?.at(-1)).toEqual({ revision: 2, lines: ['Acknowledged by jane'] });
  });

  it('stays so while it is assigned, commented and snoozed', () => {
    const commented: IncidentRevision = { ...acknowledged, revision: 3, kind: 'commented', comment: 'two\nlines' };
    const message = incidentMessage(
      {
        incident: incident({ assignee: 'joe', snoozedUntil: new Date('2026-11-26T08:00:00Z') }),
        ...{ revisions: [opened, acknowledged, commented], context, owner: null },
      },
      console,
    );
    expect(message.summary).toContain('Acknowledged by jane. Assigned to joe. Snoozed until 2026-11-26 08:00 UTC.');
    expect(message).toMatchObject({ isAcknowledged: true, snoozedUntil: '2026-11-26T08:00:00.000Z' });
    expect(message.history?.at(-1)).toEqual({ revision: 3, lines: ['jane: two lines'] });
  });

  it('is no longer acknowledged once it is worse, and stays so when it only grows', () => {
    const grown: IncidentRevision = { ...opened, revision: 3, kind: 'updated' };
    expect(messageOf([opened, acknowledged, grown]).isAcknowledged).toBe(true);
    expect(messageOf([opened, acknowledged, { ...grown, kind: 'worsened' }]).isAcknowledged).toBe(false);
  });
});
