import { IncidentBuilder } from '../incidents/incident-builder.js';
import { settlePushes, type SuspectPush } from './supply-chain-alerts.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const startMs = Date.parse('2026-11-28T10:00:00Z');
const movedFinding = { id: 'release-tag-moved', title: 'The release tag was moved to other content' };
const unsigned = { id: 'identity-missing', title: 'Signature missing, previously always present' };

function suspect(tag: string, seconds: number, more: Partial<SuspectPush> = {}): SuspectPush {
  return {
    pushId: `id-${tag}`,
    connection: 'main',
    registry: 'r:5000',
    repository: 'rel/tool',
    tag,
    digest: digestOf('e'),
    imageDigests: [digestOf('e')],
    previousDigest: digestOf('a'),
    pushedBy: 'mallory',
    pushedAt: new Date(startMs + seconds * 1000).toISOString(),
    analyzedMs: startMs + seconds * 1000,
    findings: [movedFinding, unsigned],
    alterations: [],
    ...more,
  };
}

const sameRevision = { id: 'same-revision-different-content', title: 'Same revision, different content' };

/** Creates a push of content `e`, which differs from the earlier build of its revision. */
function altered(tag: string, seconds: number, more: Partial<SuspectPush> = {}): SuspectPush {
  const alterations = [{ previousDigest: digestOf('a'), digest: digestOf('e'), isReported: false }];
  return suspect(tag, seconds, { previousDigest: null, findings: [sameRevision], alterations, ...more });
}

const reported = [{ previousDigest: digestOf('a'), digest: digestOf('e'), isReported: true }];

const after = (seconds: number) => startMs + seconds * 1000;
const twelve = Array.from({ length: 12 }, (_, index) => suspect(`v0.${index}.0`, index / 4));

describe('settlePushes', () => {
  it('makes one critical incident of twelve tags that one account moves', () => {
    const { alerts, inIncident, pushIds } = settlePushes(twelve, [], after(8));
    expect([pushIds.length, inIncident.length]).toEqual([12, 12]);
    const builder = new IncidentBuilder();
    const changes = alerts.flatMap((alert) => builder.add(alert));
    builder.advance(after(9));
    const incidents = builder.incidents();
    expect(incidents).toMatchObject([
      {
        severity: 'critical',
        title: '12 release tags moved by mallory in r:5000/rel/tool',
        imageDigest: digestOf('e'),
      },
    ]);
    expect(incidents[0]!.evidence.map(({ text }) => text)).toHaveLength(12);
    expect(incidents[0]!.evidence[3]!.text).toBe(
      'rel/tool:v0.3.0 moved from sha256:aaaaaaaaaaaa to sha256:eeeeeeeeeeee by mallory; Signature missing, previously always present',
    );
    expect(new Set(changes.map(({ incident }) => incident.id)).size).toBe(1);
  });

  it('waits for further pushes up to a maximum time', () => {
    expect(settlePushes(twelve, [], after(4)).pushIds).toEqual([]);
    const steady = Array.from({ length: 10 }, (_, index) => suspect(`v${index}`, 3 * index));
    expect(settlePushes(steady, [], after(28)).pushIds).toHaveLength(10);
  });

  it.each<[string, SuspectPush[], SuspectPush[], { opens: boolean; inIncident: string[] }]>([
    ['one moved tag of another identity', [suspect('v3', 0)], [], { opens: true, inIncident: [] }],
    [
      'one moved tag, signed as usual',
      [suspect('v3', 0, { findings: [movedFinding] })],
      [],
      { opens: false, inIncident: [] },
    ],
    [
      'a new version without a signature',
      [suspect('v10', 0, { findings: [unsigned] })],
      [],
      { opens: false, inIncident: [] },
    ],
    [
      'two moved tags, signed as usual',
      [suspect('v3', 0, { findings: [movedFinding] }), suspect('v4', 1, { findings: [movedFinding] })],
      [],
      { opens: true, inIncident: ['id-v3', 'id-v4'] },
    ],
    [
      'a second tag moved to the same digest later',
      [suspect('v4', 100)],
      [suspect('v3', 0)],
      { opens: true, inIncident: ['id-v4'] },
    ],
    [
      'other content of the same account later',
      [suspect('v10', 100, { digest: digestOf('f'), findings: [unsigned] })],
      [suspect('v3', 0)],
      { opens: true, inIncident: [] },
    ],
    [
      'a moved tag of another account and digest',
      [suspect('v4', 1, { pushedBy: 'carol', digest: digestOf('f'), findings: [movedFinding] })],
      [suspect('v3', 0)],
      { opens: false, inIncident: [] },
    ],
    [
      'the same account in another registry',
      [suspect('v4', 1, { connection: 'other', findings: [movedFinding] })],
      [suspect('v3', 0)],
      { opens: false, inIncident: [] },
    ],
    ['an altered build under another tag', [altered('v3.1', 0)], [], { opens: true, inIncident: [] }],
    [
      'an altered build in a mirror',
      [altered('v3.1', 0), altered('v3.1', 60, { pushId: 'id-mirror', connection: 'mirror', pushedBy: null })],
      [],
      { opens: true, inIncident: ['id-v3.1', 'id-mirror'] },
    ],
    [
      'an altered build in a mirror a moment later',
      [altered('v3.1', 60, { connection: 'mirror', pushedBy: null })],
      [altered('v3.1', 0, { pushId: 'id-first' })],
      { opens: true, inIncident: ['id-v3.1'] },
    ],
    [
      'an altered build that was reported long before',
      [altered('v3.1', 0, { alterations: reported })],
      [],
      { opens: false, inIncident: [] },
    ],
    [
      'another altered build of the same revision',
      [
        altered('v3.1', 0, {
          digest: digestOf('f'),
          alterations: [...reported, { ...reported[0]!, digest: digestOf('f'), isReported: false }],
        }),
      ],
      [],
      { opens: true, inIncident: [] },
    ],
    [
      'content of the same revision that could not be compared',
      [altered('v3.1', 0, { alterations: [] })],
      [],
      { opens: false, inIncident: [] },
    ],
    [
      'a tag that is moved to an altered build',
      [altered('v3', 60, { findings: [movedFinding, sameRevision] })],
      [altered('v3.1', 0)],
      { opens: true, inIncident: ['id-v3'] },
    ],
    [
      'the same account an hour later',
      [suspect('v4', 3600, { findings: [movedFinding] })],
      [suspect('v3', 0)],
      { opens: false, inIncident: [] },
    ],
  ])('evaluates %s', (_what, waiting, known, expected) => {
    const { alerts, inIncident } = settlePushes(waiting, known, after(7200));
    expect({ opens: alerts.length > 0, inIncident }).toEqual(expected);
  });

  it('makes one incident of an altered build in any order of its pushes', () => {
    const first = altered('v3.1', 0);
    const mirrored = altered('v3.1', 30, { pushId: 'id-mirror', connection: 'mirror', registry: 'm:5000' });
    const moved = suspect('v3', 3600, { findings: [movedFinding, sameRevision], alterations: reported });
    const builder = new IncidentBuilder();
    const settled = [
      settlePushes([first], [], after(10)),
      settlePushes([mirrored], [first], after(40)),
      settlePushes([moved], [], after(3700)),
    ];
    for (const alert of settled.flatMap(({ alerts }) => alerts)) builder.add(alert);
    expect(builder.incidents()).toMatchObject([{ severity: 'high', imageDigest: digestOf('e') }]);
  });

  it('names both contents of an altered build', () => {
    const { alerts } = settlePushes([altered('v3.1', 0)], [], after(10));
    const builder = new IncidentBuilder();
    for (const alert of alerts) builder.add(alert);
    const [incident] = builder.incidents();
    expect(incident).toMatchObject({ title: 'Altered build in r:5000/rel/tool:v3.1', severity: 'high' });
    expect(incident!.evidence[0]!.text).toBe(
      'rel/tool:v3.1 pushed as sha256:eeeeeeeeeeee by mallory; differs from sha256:aaaaaaaaaaaa; Same revision, different content',
    );
  });

  it('joins accounts by the digest to which they move tags', () => {
    const pushes = [suspect('v3', 0), suspect('v4', 1, { pushedBy: null }), suspect('v5', 2, { pushedBy: 'carol' })];
    const builder = new IncidentBuilder();
    for (const alert of settlePushes(pushes, [], after(60)).alerts) builder.add(alert);
    builder.advance(after(61));
    expect(builder.incidents()).toHaveLength(1);
  });
});
