import type { QueuedJob } from './job-handler.js';
import { OwnWork } from './own-work.js';

const job = (id: string, more: Partial<QueuedJob> = {}): QueuedJob => ({
  ...{ id, queue: 'q', class: 'interactive', attempt: 0 },
  ...more,
});
const idsOf = (jobs: readonly QueuedJob[]) => jobs.map(({ id }) => id);
const later = () => new Promise(setImmediate);

/** Runs each job until the test ends it. */
function ownWork(limits: { atOnce: number; waiting: number }) {
  const begun: string[] = [];
  const counts: number[] = [];
  const gates = new Map<string, () => void>();
  const own = new OwnWork(
    limits,
    async (id) => {
      begun.push(id);
      await new Promise<void>((end) => gates.set(id, end));
    },
    (count) => counts.push(count),
  );
  const end = async (id: string) => {
    gates.get(id)?.();
    await later();
  };
  return { own, begun, counts, end };
}

describe('OwnWork', () => {
  it('starts jobs up to its limit, holds some more, and leaves the rest', async () => {
    const { own, begun, counts, end } = ownWork({ atOnce: 2, waiting: 1 });
    expect(idsOf(own.take(['a', 'b', 'c', 'd'].map((id) => job(id))))).toEqual(['d']);
    expect(begun).toEqual(['a', 'b']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('b');
    await end('c');
    expect(counts).toEqual([1, 2, 1, 2, 1, 0]);
  });

  it('leaves jobs that may wait', () => {
    const { own, begun } = ownWork({ atOnce: 2, waiting: 2 });
    const others = [job('bulk', { class: 'bulk' })];
    expect(own.take([...others, job('now')])).toEqual(others);
    expect(begun).toEqual(['now']);
  });

  it('takes nothing at a limit of zero', () => {
    const { own } = ownWork({ atOnce: 0, waiting: 0 });
    expect(idsOf(own.take([job('a')]))).toEqual(['a']);
  });

  it('returns held jobs when it is closed, after running ones', async () => {
    const { own, begun, end } = ownWork({ atOnce: 1, waiting: 2 });
    own.take(['a', 'b', 'c'].map((id) => job(id)));
    let isClosed = false;
    const closed = own.close().finally(() => (isClosed = true));
    expect(idsOf(own.take([job('d')]))).toEqual(['d']);
    await later();
    expect(isClosed).toBe(false);
    await end('a');
    expect(idsOf(await closed)).toEqual(['b', 'c']);
    expect(begun).toEqual(['a']);
  });
});
