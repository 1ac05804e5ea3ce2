import type { Status } from '../../api/types.js';
import { countSince, readVisit, visitAt } from './last-visit.js';
import { pipelineStages } from './pipeline.js';

const minute = (text: string) => new Date(`2026-01-01T10:${text}:00Z`);

describe('visitAt', () => {
  it('continues a visit until half an hour passes, then begins another', () => {
    const first = visitAt(null, minute('00'));
    expect(first.previous).toBeNull();
    const later = visitAt(first, minute('20'));
    expect(later.previous).toBeNull();
    expect(visitAt(later, minute('49')).previous).toBeNull();
    expect(visitAt(later, minute('51')).previous).toBe(minute('20').toISOString());
  });
});

describe('readVisit', () => {
  it('reads what was stored, and nothing else', () => {
    const visit = visitAt(null, minute('00'));
    expect(readVisit(JSON.stringify(visit))).toEqual(visit);
    for (const text of [null, 'x', '{}', '{"seenAt":"x"}']) expect(readVisit(text)).toBeNull();
  });
});

describe('countSince', () => {
  it('counts later times alone', () => {
    expect(countSince(['2026-01-01T10:00:00Z', '2026-01-01T10:00:02Z'], '2026-01-01T10:00:01Z')).toBe(1);
  });
});

describe('pipelineStages', () => {
  const status = (fields: Partial<Status> = {}): Status => ({
    pushes: { accepted: 2, analyzing: 1, analyzed: 9, refused: 0, 'dead-lettered': 0 },
    queues: [],
    advisories: { advisories: 5, ecosystems: [], feeds: [], ages: [], lastImport: null },
    admission: { allowedUnscanned: 0 },
    configuration: [],
    overridden: [],
    ...fields,
  });
  const states = (facts: Parameters<typeof pipelineStages>[0]) => pipelineStages(facts).map(({ state }) => state);

  it('keeps up while nothing is old, broken or dead', () => {
    expect(states({ status: status(), deadLetters: 0, channels: [] })).toEqual([
      'good',
      'good',
      'good',
      'good',
      'good',
    ]);
    expect(pipelineStages({ status: status(), deadLetters: 0, channels: [] })[0]!.text).toBe('3 in work');
  });

  it('names the stage that is behind or broken', () => {
    const queues = [{ queue: 'layer', queued: 4, running: 0, oldestSeconds: 300 }];
    const advisories = { ...status().advisories, advisories: 0 };
    const channels = [{ state: 'broken', waiting: 2, waitingSince: null }] as const;
    expect(states({ status: status({ queues, advisories }), deadLetters: 1, channels })).toEqual([
      ...['waiting', 'bad', 'good', 'bad', 'bad'],
    ]);
  });

  it('shows the age of the oldest message that waits for its channel', () => {
    const channels = [{ state: 'paused', waiting: 2, waitingSince: '2026-01-01T00:00:00Z' }] as const;
    const stages = pipelineStages({ status: status(), deadLetters: 0, channels }, Date.parse('2026-01-01T01:00:00Z'));
    expect(stages.find(({ title }) => title === 'Messages')).toMatchObject({ oldestSeconds: 3600, state: 'waiting' });
  });
});
