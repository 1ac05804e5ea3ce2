import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from './data-source.js';
import type { ClaimedJob } from './fair-claims.js';
import { Jobs } from './jobs.js';
import { type NewJob, Store } from './store.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let jobs: Jobs;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
  store = new Store(dataSource, 'test');
});

beforeEach(async () => {
  // It remembers of which sources it has noted a moment ago that they are quick.
  jobs = new Jobs(store);
  await store.query('TRUNCATE job, job_source');
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

let serial = 0;

function jobIn(place: string, more: Partial<NewJob> = {}): NewJob {
  const [connection = '', repository = ''] = place.split('/');
  const key = `${place} ${(serial += 1)}`;
  return { queue: 'push', key, class: 'interactive', connection, repository, turn: uuidv7(), ...more };
}

const enqueue = async (...all: NewJob[]) => store.transaction((tx) => tx.enqueue(...all));
const next = async (maySlow = true) => jobs.claimNext('push', 60_000, maySlow);

/** Claims jobs until none is left; returns their repositories in the order of the claims. */
async function order(maySlow = true): Promise<string[]> {
  const places: string[] = [];
  for (let job = await next(maySlow); job; job = await next(maySlow)) {
    places.push(`${job.connection}/${job.repository}`);
    await store.transaction((tx) => jobs.finish(tx, job as ClaimedJob));
  }
  return places;
}

/** Lets a source show that it is quick. */
async function prove(...places: string[]): Promise<void> {
  await enqueue(...places.map((place) => jobIn(place)));
  for (let job = await next(); job; job = await next()) {
    await jobs.noteRun(job, { isQuick: true, isOfRegistry: true });
    await store.transaction((tx) => jobs.finish(tx, job as ClaimedJob));
  }
}

describe('Jobs.claimNext', () => {
  it('gives a single push of one repository its turn among ten thousand of another', async () => {
    await enqueue(...Array.from({ length: 10_000 }, () => jobIn('main/flood')));
    expect(await next()).toMatchObject({ repository: 'flood' });
    await enqueue(jobIn('main/shop'));
    expect(await next()).toMatchObject({ repository: 'shop' });
    expect(await next()).toMatchObject({ repository: 'flood' });
  });

  it('says whether another job of the queue waits, of any class or time', async () => {
    await enqueue(jobIn('a/1'), jobIn('b/1'), jobIn('b/1', { queue: 'layer' }));
    expect(await next()).toMatchObject({ isLast: false });
    expect(await next()).toMatchObject({ isLast: true });
    await enqueue(jobIn('a/1', { class: 'bulk' }), jobIn('a/1'));
    await store.query(`UPDATE job SET run_at = now() + interval '1 hour' WHERE class = 'bulk'`);
    expect(await next()).toMatchObject({ isLast: false });
    expect(await next()).toBeNull();
  });

  it('lets registries take turns, and the repositories of each', async () => {
    await enqueue(jobIn('a/1'), jobIn('a/1'), jobIn('a/2'), jobIn('a/2'), jobIn('b/1'), jobIn('b/1'), jobIn('b/1'));
    expect(await order()).toEqual(['a/1', 'b/1', 'a/2', 'b/1', 'a/1', 'b/1', 'a/2']);
  });

  it('takes the pushes of a repository in the order in which they were accepted', async () => {
    const [first, second, third] = [jobIn('a/1'), jobIn('a/1'), jobIn('a/1')];
    await enqueue(third, first);
    await enqueue(second);
    const claimed = [await next(), await next(), await next()];
    expect(claimed.map((job) => job!.key)).toEqual([first.key, second.key, third.key]);
  });

  it('continues a push that had its turn before others begin', async () => {
    await prove('a/1');
    await enqueue(jobIn('b/1'), jobIn('c/1'), jobIn('a/1', { isResumed: true }), jobIn('a/2'));
    expect((await order())[0]).toBe('a/1');
  });

  it('takes interactive jobs before bulk', async () => {
    await enqueue(jobIn('a/1', { class: 'bulk' }), jobIn('b/1'), jobIn('b/1'));
    expect(await order()).toEqual(['b/1', 'b/1', 'a/1']);
  });

  it('holds large jobs and new registries back where only quick ones are asked for', async () => {
    await prove('good/app');
    await enqueue(jobIn('good/app', { isLarge: true }), jobIn('good/new'), jobIn('unknown/app'), jobIn('good/app'));
    expect(await order(false)).toEqual(['good/new', 'good/app']);
    expect(await order(true)).toHaveLength(2);
  });

  it.each([
    ['a slow repository', false, ['good/other']],
    ['all repositories of a slow registry', true, []],
  ])('holds %s back until it is quick again', async (_, isOfRegistry, others) => {
    await prove('good/app', 'good/other');
    await enqueue(jobIn('good/app'));
    const job = await next();
    await store.query(`UPDATE job_source SET quick_at = now() - interval '10 minutes'`);
    await jobs.noteRun(job!, { isQuick: false, isOfRegistry });
    await store.transaction((tx) => jobs.finish(tx, job!));
    await enqueue(jobIn('good/app'), jobIn('good/other'));
    expect(await order(false)).toEqual(others);
    await prove('good/app');
    await enqueue(jobIn('good/app'));
    expect(await order(false)).toEqual(['good/app']);
  });

  it('does not hold a registry back that was quick for another repository a moment ago', async () => {
    await prove('good/app', 'good/other');
    await enqueue(jobIn('good/app'));
    const job = await next();
    await jobs.noteRun(job!, { isQuick: false, isOfRegistry: true });
    await store.transaction((tx) => jobs.finish(tx, job!));
    await enqueue(jobIn('good/app'), jobIn('good/other'));
    expect(await order(false)).toEqual(['good/other']);
  });

  it('notes once within a moment that a source is quick, and again after a slow job', async () => {
    await prove('good/app');
    await store.query(`UPDATE job_source SET quick_at = NULL`);
    await prove('good/app');
    expect(await store.query('SELECT FROM job_source WHERE quick_at IS NOT NULL')).toEqual([]);
    await enqueue(jobIn('good/app'));
    await jobs.noteRun((await next())!, { isQuick: false, isOfRegistry: false });
    await prove('good/app');
    expect(await store.query('SELECT FROM job_source WHERE quick_at IS NOT NULL')).toHaveLength(2);
  });

  it('claims at once what waited for something that is over, and nothing else', async () => {
    const [waiting, other] = [jobIn('a/1'), jobIn('a/1')];
    await enqueue(waiting, other);
    for (const reason of ['1.0 is being analyzed', '2.0 is being analyzed']) {
      await jobs.fail((await next())!, { code: 'WAITS', reason, retryInMs: 60_000, wasTried: false });
    }
    expect(await next()).toBeNull();
    const over = { code: 'WAITS', reasons: ['1.0 is being analyzed'] };
    const hasten = async (repository: string) => jobs.hasten('push', { connection: 'a', repository }, over);
    await hasten('2');
    expect(await next()).toBeNull();
    await hasten('1');
    expect(await next()).toMatchObject({ key: waiting.key });
    expect(await next()).toBeNull();
  });

  it('does not put back for long what waits for something that ends meanwhile', async () => {
    await enqueue(jobIn('a/1'), jobIn('a/1'));
    const [waiting, other] = [(await next())!, (await next())!];
    const wait = { code: 'WAITS', reason: '1.0 is being analyzed' };
    await jobs.noteWait(waiting, wait);
    await jobs.hasten('push', { connection: 'a', repository: '1' }, { code: wait.code, reasons: [wait.reason] });
    const putBack = { ...wait, retryInMs: 60_000, wasTried: false };
    expect(await jobs.fail(other, putBack)).toMatchObject({ pauseMs: 60_000 });
    expect(await jobs.fail(waiting, putBack)).toMatchObject({ pauseMs: 0 });
    expect(await next()).toMatchObject({ key: waiting.key });
    expect(await next()).toBeNull();
  });

  it('lets slow sources take turns with large layers of quick ones', async () => {
    await prove('good/app');
    await enqueue(
      ...Array.from({ length: 3 }, () => jobIn('evil/a')),
      ...Array.from({ length: 3 }, () => jobIn('good/app', { isLarge: true })),
      ...Array.from({ length: 3 }, () => jobIn('good/app')),
    );
    const slow = (await order()).filter((place, index, all) => place === 'evil/a' || index === all.length);
    expect(slow).toHaveLength(3);
  });

  it('claims each job once, however many workers ask', async () => {
    await enqueue(...Array.from({ length: 40 }, (_, index) => jobIn(`a/${index % 5}`)));
    const worker = async () => {
      const claimed: string[] = [];
      for (let misses = 0; misses < 5;) {
        const job = await next();
        if (job) claimed.push(job.id);
        else misses += 1;
      }
      return claimed;
    };
    const claimed = (await Promise.all([worker(), worker(), worker(), worker()])).flat();
    expect(claimed).toHaveLength(40);
    expect(new Set(claimed).size).toBe(40);
  });

  it('leaves delayed jobs, and gives jobs of dead workers another turn', async () => {
    await enqueue(jobIn('a/1'), jobIn('a/2'));
    const [delayed, lost] = [await next(), await next()];
    await jobs.fail(delayed!, { code: 'X', reason: 'x', retryInMs: 60_000 });
    expect(await next()).toBeNull();
    await store.query(`UPDATE job SET lease_until = now() - interval '1 s', swept_at = now() - interval '1 minute'`);
    expect(await jobs.lost(['push'])).toMatchObject([{ id: lost!.id }]);
    expect(await next()).toMatchObject({ id: lost!.id, attempt: 2 });
    await expect(store.transaction((tx) => jobs.finish(tx, lost!))).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  it('runs a job once more that is enqueued while it runs', async () => {
    const job = jobIn('a/1');
    await enqueue(job);
    const first = await next();
    await enqueue(job);
    await store.transaction((tx) => jobs.finish(tx, first!));
    expect(await next()).toMatchObject({ id: first!.id, attempt: 1 });
  });

  it('reaches every repository of a registry with many', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `a/${index}`);
    await enqueue(...names.map((name) => jobIn(name)), ...names.map((name) => jobIn(name)));
    const places = await order();
    expect(places).toHaveLength(600);
    expect(new Set(places.slice(0, 320)).size).toBeGreaterThan(230);
    expect(new Set(places.slice(300)).size).toBeGreaterThan(230);
  });

  it('looks at few jobs of a backlog that began after the statistics were taken', async () => {
    const read = async () => {
      const [{ rows }] = (await store.query(
        `SELECT sum(seq_tup_read + idx_tup_fetch)::int AS rows, pg_stat_force_next_flush()
         FROM pg_stat_user_tables WHERE relname = 'job'`,
      )) as [{ rows: number }];
      return rows;
    };
    await store.query('ANALYZE job, job_source');
    await enqueue(...Array.from({ length: 600 }, (_, index) => jobIn(`a/${index % 300}`)));
    await read();
    const before = await read();
    const claims = 20;
    for (let claim = 0; claim < claims; claim += 1) expect(await next()).not.toBeNull();
    await read();
    expect(((await read()) - before) / claims).toBeLessThan(600);
  });

  it('finds the only quick repository among many slow ones', async () => {
    await prove('a/zz');
    const slow = Array.from({ length: 200 }, (_, index) => jobIn(`a/${index}`, { isLarge: true }));
    await enqueue(...slow, jobIn('a/zz'));
    expect(await order(false)).toEqual(['a/zz']);
  });
});
