import type { IncidentDetail } from '../../api/types.js';
import { fitText } from './fit-text.js';
import { processBranches } from './process-branches.js';
import { reachGraph, reachSentence } from './reach-graph.js';
import { hasFindings, similarQuery } from './similar-query.js';
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

describe('fitText', () => {
  const widthOf = (text: string) => Array.from(text).reduce((sum, letter) => sum + (letter === 'm' ? 9 : 3), 0);

  it.each([
    ['short', 15, 'short'],
    ['longer text', 15, 'long…'],
    ['mmmm', 20, 'm…'],
    ['😀😀😀', 6, '😀…'],
    ['mm', 2, '…'],
    ['', 0, ''],
  ])('fits %j into %i pixels', (text, width, shown) => {
    expect(fitText(text, width, widthOf)).toBe(shown);
  });
});

describe('processBranches', () => {
  it('puts processes below their parents, and those of unknown ones at the root', () => {
    const process = (id: number, parent: number | null) =>
      ({ id, parent, acts: [] }) as unknown as IncidentDetail['processes'][number];
    const shape = (branches: ReturnType<typeof processBranches>): unknown[] =>
      branches.map(({ process: { id }, children }) => [id, ...shape(children)]);
    expect(shape(processBranches([process(0, 1), process(1, null), process(2, 0), process(3, 9)]))).toEqual([
      [1, [0, [2]]],
      [3],
    ]);
  });
});

describe('similarQuery', () => {
  it('asks for the workload, the image and all findings', () => {
    const asked = { workload: 'shop/Deployment/web', imageDigest: 'sha256:a', findings: ['drift', 'miner'] };
    expect(similarQuery(asked)).toBe(
      'workload="shop/Deployment/web" or digest=sha256:a or (finding="drift" finding="miner")',
    );
    expect(similarQuery({ workload: null, imageDigest: null, findings: [] })).toBeNull();
    expect(hasFindings({ findings: ['a', 'b'] }, { findings: ['b'] })).toBe(true);
    expect(hasFindings({ findings: ['a'] }, { findings: [] })).toBe(false);
  });
});
