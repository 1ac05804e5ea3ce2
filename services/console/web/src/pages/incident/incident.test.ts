import type { IncidentDetail } from '../../api/types.js';
import { reachGraph, reachSentence } from './reach-graph.js';
import { timelineDays } from './timeline-days.js';

const workload = (name: string) => ({
  cluster: 'eu1',
  workload: name,
  imageDigest: null,
  firstSeen: '',
  pods: ['a', 'b'],
});
const reached = (name: string) => ({
  cluster: 'eu1',
  workload: name,
  imageDigest: 'd',
  exposed: true,
  shares: 'layer',
});

const incident = (count: number): IncidentDetail =>
  ({
    imageFacts: null,
    image: 'registry/shop/app:1',
    imageDigest: null,
    workloads: [workload('shop/Deployment/web')],
    blastRadius: {
      images: { items: [], total: 0 },
      workloads: { items: Array.from({ length: count }, (_, index) => reached(`w${index}`)), total: count + 5 },
      incidents: [],
    },
  }) as unknown as IncidentDetail;

describe('reachGraph', () => {
  it('joins the image with what runs it, and counts what it does not show', () => {
    const { nodes, edges } = reachGraph(incident(40));
    expect(nodes.map(({ kind }) => kind).filter((kind) => kind === 'reached')).toHaveLength(12);
    expect(nodes.at(-1)).toMatchObject({ kind: 'more', text: '+33 more' });
    const ids = new Set(nodes.map(({ id }) => id));
    expect(edges.every(({ from, to }) => ids.has(from) && ids.has(to))).toBe(true);
    expect(edges).toHaveLength(nodes.length - 1);
  });
});

describe('reachSentence', () => {
  it('says how far an incident reaches', () => {
    expect(reachSentence(incident(1))).toBe(
      '1 affected workload with 2 pods, 6 other workloads share its content, 1 of them exposed by a service.',
    );
  });
});

describe('timelineDays', () => {
  it('keeps the order and begins a day where the date changes', () => {
    const entries = ['2026-01-01T12:00:00Z', '2026-01-01T12:00:01Z', '2026-01-03T12:00:00Z', 'x'].map((at) => ({ at }));
    expect(timelineDays(entries).map(({ entries: some }) => some.length)).toEqual([2, 1, 1]);
  });
});
