import { fairJobsAtOnce, FairWork, overdueMs } from './fair-work.js';

interface TestJob {
  name: string;
  isSlow: boolean;
  isLast: boolean;
}

/** Slots over a list of waiting jobs, which run until the test ends them. */
function workOver(slots: number, ...waiting: Omit<TestJob, 'isLast'>[]) {
  let claims = 0;
  const running = new Map<string, () => void>();
  const overdue: string[] = [];
  const work = new FairWork<TestJob>(
    slots,
    async (maySlow) => {
      claims += 1;
      const index = waiting.findIndex(({ isSlow }) => maySlow || !isSlow);
      return index < 0 ? null : { ...waiting.splice(index, 1)[0]!, isLast: waiting.length === 0 };
    },
    ({ name }) => new Promise((end) => running.set(name, end)),
    ({ name }) => overdue.push(name),
  );
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return {
    claims: () => claims,
    running: () => [...running.keys()],
    overdue,
    pass: async (ms: number) => {
      jest.advanceTimersByTime(ms);
      await settle();
    },
    serve: async (times = 1) => {
      for (let each = 0; each < times; each += 1) void work.serve();
      await settle();
    },
    begin: async (count: number) => {
      const begun = work.begin(count);
      await settle();
      return begun;
    },
    add: (job: Omit<TestJob, 'isLast'>) => waiting.push(job),
    end: async (name: string) => {
      running.get(name)?.();
      running.delete(name);
      await settle();
    },
    close: () => work.close(),
  };
}

const slow = (name: string) => ({ name, isSlow: true });
const quick = (name: string) => ({ name, isSlow: false });

describe('FairWork', () => {
  it('leaves half of the slots to jobs that are not slow', async () => {
    const work = workOver(4, slow('a'), slow('b'), slow('c'), quick('d'));
    await work.serve(4);
    expect(work.running()).toEqual(['a', 'b', 'd']);
    work.add(quick('e'));
    await work.serve();
    expect(work.running()).toEqual(['a', 'b', 'd', 'e']);
  });

  it('continues with a waiting slow job when a slow one ends', async () => {
    const work = workOver(2, slow('a'), slow('b'));
    await work.serve(2);
    expect(work.running()).toEqual(['a']);
    await work.end('a');
    expect(work.running()).toEqual(['b']);
  });

  it('claims once more only where another job waited, or has arrived since', async () => {
    const work = workOver(2, quick('a'), quick('b'));
    await work.serve();
    await work.end('a');
    expect([work.running(), work.claims()]).toEqual([['b'], 2]);
    await work.end('b');
    expect(work.claims()).toBe(2);
    work.add(quick('c'));
    await work.serve();
    work.add(quick('d'));
    await work.serve();
    work.add(quick('e'));
    await work.serve();
    expect([work.running(), work.claims()]).toEqual([['c', 'd'], 4]);
    await work.end('c');
    expect([work.running(), work.claims()]).toEqual([['d', 'e'], 5]);
  });

  it('claims nothing for a job that waited and that another slot has claimed since', async () => {
    const work = workOver(2, quick('a'), quick('b'));
    await work.serve();
    await work.serve();
    expect([work.running(), work.claims()]).toEqual([['a', 'b'], 2]);
    await work.end('a');
    await work.end('b');
    expect(work.claims()).toBe(2);
  });

  it('begins as many jobs as there are free slots for either lane', async () => {
    const work = workOver(4, quick('a'), quick('b'), quick('c'), slow('d'), slow('e'));
    // A slot may turn out to be that of a slow job until its claim is answered.
    expect(await work.begin(3)).toBe(2);
    expect(await work.begin(1)).toBe(1);
    expect(await work.begin(2)).toBe(1);
    expect(work.running()).toEqual(['a', 'b', 'c', 'd']);
    expect(await work.begin(1)).toBe(0);
    await work.end('a');
    expect(work.running()).toEqual(['b', 'c', 'd', 'e']);
  });

  it('begins nothing while jobs of the slow lane have their slots', async () => {
    const work = workOver(4, slow('a'), slow('b'));
    await work.serve(2);
    expect(await work.begin(1)).toBe(0);
  });

  it('keeps both slots busy when two jobs arrive while both are taken', async () => {
    const work = workOver(2, quick('a'));
    await work.serve();
    work.add(quick('b'));
    await work.serve();
    work.add(quick('c'));
    work.add(quick('d'));
    await work.serve();
    await work.end('a');
    await work.end('b');
    expect(work.running()).toEqual(['c', 'd']);
  });

  it('looks for a slow job, which had no slot, when a slow one ends that was the last', async () => {
    const work = workOver(2, slow('a'));
    await work.serve();
    work.add(slow('b'));
    await work.serve();
    expect(work.running()).toEqual(['a']);
    await work.end('a');
    expect(work.running()).toEqual(['b']);
  });

  it('runs slow jobs in its only slot', async () => {
    const work = workOver(1, slow('a'));
    await work.serve();
    expect(work.running()).toEqual(['a']);
  });

  it('never runs more jobs than it has slots', async () => {
    const work = workOver(2, quick('a'), quick('b'), quick('c'));
    await work.serve(5);
    expect(work.running()).toEqual(['a', 'b']);
    await work.end('b');
    expect(work.running()).toEqual(['a', 'c']);
  });

  describe('when a quick job takes long', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    it('lets another quick one run beside it, and no slow one', async () => {
      const work = workOver(2, slow('a'), quick('b'), slow('c'), quick('d'));
      await work.serve(2);
      expect(work.running()).toEqual(['a', 'b']);
      await work.pass(overdueMs - 1);
      expect([work.running(), work.overdue]).toEqual([['a', 'b'], []]);
      await work.pass(1);
      expect([work.running(), work.overdue]).toEqual([['a', 'b', 'd'], ['b']]);
      // A slow job waits until both of the others have ended.
      await work.end('a');
      expect(work.running()).toEqual(['b', 'd']);
      await work.end('b');
      await work.serve();
      expect(work.running()).toEqual(['d', 'c']);
    });

    it('looks for a slow job when it ends, though it was the last', async () => {
      const work = workOver(2, quick('a'));
      await work.serve();
      await work.pass(overdueMs);
      work.add(slow('b'));
      await work.serve();
      expect(work.running()).toEqual(['a']);
      await work.end('a');
      expect(work.running()).toEqual(['b']);
    });

    it('has its slots again when it ends', async () => {
      const work = workOver(2, quick('a'), quick('b'), quick('c'), quick('d'), quick('e'));
      await work.serve(2);
      await work.pass(overdueMs);
      expect(work.running()).toEqual(['a', 'b', 'c']);
      await work.end('a');
      expect(work.running()).toEqual(['b', 'c']);
      await work.end('b');
      expect(work.running()).toEqual(['c', 'd']);
    });

    it('runs only some beside the slots', async () => {
      const work = workOver(4, ...Array.from({ length: 20 }, (_, index) => quick(`job ${index}`)));
      await work.serve(4);
      for (let turn = 0; turn < 5; turn += 1) {
        await work.pass(overdueMs);
        await work.serve();
      }
      expect(work.running()).toHaveLength(6);
      expect(fairJobsAtOnce(4)).toBe(6);
    });
  });

  it('claims again when a job arrives during a claim in vain', async () => {
    const answers = [null, { name: 'late', isSlow: false, isLast: true }, null];
    const ran: string[] = [];
    const first = Promise.withResolvers<void>();
    const work = new FairWork<TestJob>(
      1,
      async () => {
        await first.promise;
        return answers.shift() ?? null;
      },
      async ({ name }) => void ran.push(name),
    );
    const serving = work.serve();
    await work.serve();
    first.resolve();
    await serving;
    expect(ran).toEqual(['late']);
  });

  it('claims nothing after it was closed', async () => {
    const work = workOver(1, quick('a'), quick('b'));
    await work.serve();
    const closed = work.close();
    await work.end('a');
    await closed;
    await work.serve();
    expect([work.running(), await work.begin(1)]).toEqual([[], 0]);
  });
});
