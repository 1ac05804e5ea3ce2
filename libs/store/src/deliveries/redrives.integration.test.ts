import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from '../core/data-source.js';
import { DeadLetters } from '../core/dead-letters.js';
import { Jobs } from '../core/jobs.js';
import { Store } from '../core/store.js';
import { Deliveries } from './deliveries.js';
import type { NewDelivery } from './delivery.js';
import { Redrives } from './redrives.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let jobs: Jobs;
let deliveries: Deliveries;
let redrives: Redrives;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  jobs = new Jobs(store);
  deliveries = new Deliveries(store);
  redrives = new Redrives(store, deliveries);
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

/** A delivery with its job, as the notifier makes them. */
async function made(more: Partial<NewDelivery<unknown>> = {}): Promise<string> {
  const delivery = {
    eventId: uuidv7(),
    cause: ['push', uuidv7()] as const,
    receiver: 'team',
    channel: 'slack',
    integration: 0,
    route: 'route',
    groupKey: '{}',
    groupLabels: {},
    alerts: [],
    message: { summary: 'It is so.' },
    edition: null,
    ...more,
  };
  return store.transaction(async (tx) => {
    const [id = ''] = await deliveries.add(tx, [delivery]);
    await tx.enqueue({ queue: 'delivery', key: id, class: 'interactive' });
    return id;
  });
}

async function liveJobs(key: string): Promise<{ id: string; attempt: number; isDue: boolean }[]> {
  return store.query(
    `SELECT id, attempt, run_at <= now() AS "isDue" FROM job WHERE key = $1 AND state IN ('queued', 'running')`,
    [key],
  );
}

/** Begins a try of the delivery, as the notifier does. */
async function tryOf(id: string) {
  const job = (await jobs.claim((await liveJobs(id))[0]!.id, 10_000))!;
  await deliveries.begin(id, job.attempt);
  return job;
}

const problem = { code: 'DOWN', reason: 'no answer' };

async function waiting(more: Partial<NewDelivery<unknown>> = {}): Promise<string> {
  const id = await made(more);
  const job = await tryOf(id);
  await deliveries.retrying(id, { ...problem, attempt: job.attempt, inMs: 3_600_000, wasTried: true });
  await jobs.fail(job, { ...problem, retryInMs: 3_600_000 });
  return id;
}

async function givenUp(more: Partial<NewDelivery<unknown>> = {}): Promise<string> {
  const id = await made(more);
  const job = await tryOf(id);
  await store.transaction(async (tx) => {
    await jobs.failIn(tx, job, { ...problem, retryInMs: null });
    await deliveries.failed(tx, id, job.attempt, problem.code, problem.reason);
  });
  return id;
}

async function accepted(more: Partial<NewDelivery<unknown>> = {}): Promise<string> {
  const id = await made(more);
  const job = await tryOf(id);
  await store.transaction(async (tx) => {
    await jobs.finish(tx, job);
    await deliveries.sent(tx, [{ id, reference: '1.1', note: null }]);
  });
  return id;
}

const again = (message: { summary: string }) => ({ summary: `Again: ${message.summary}` });
const kinds = async (id: string) => (await deliveries.steps(id)).map(({ kind }) => kind);

describe('Redrives', () => {
  it('redrives a failed delivery once, with its dead letter', async () => {
    const id = await givenUp();
    expect(await redrives.redrive(id, 'jane')).toEqual({ id, outcome: 'redriven' });
    expect(await redrives.redrive(id, 'jane')).toEqual({ id, outcome: 'under-way' });
    expect(await liveJobs(id)).toEqual([expect.objectContaining({ attempt: 0, isDue: true })]);
    expect((await new DeadLetters(store).list({ limit: 5 })).items).toEqual([]);
    expect(await deliveries.get(id)).toMatchObject({ state: 'pending', finishedAt: null, code: 'DOWN' });
    expect(await deliveries.steps(id)).toMatchObject([
      { kind: 'made', by: null },
      { kind: 'given-up', attempt: 1, code: 'DOWN', reason: 'no answer' },
      { kind: 'redriven', by: 'jane' },
    ]);
  });

  it('records the redrive of a dead letter in the ledger', async () => {
    const id = await givenUp();
    const letters = new DeadLetters(store);
    await letters.redrive((await letters.list({ limit: 1 })).items[0]!.id);
    expect(await liveJobs(id)).toHaveLength(1);
    expect(await kinds(id)).toEqual(['made', 'given-up', 'redriven']);
  });

  it('retries at once a delivery that waits for its next attempt', async () => {
    const id = await waiting();
    expect(await liveJobs(id)).toMatchObject([{ isDue: false }]);
    expect(await redrives.redrive(id, 'jane')).toMatchObject({ outcome: 'redriven' });
    expect(await liveJobs(id)).toMatchObject([{ isDue: true, attempt: 0 }]);
    expect(await kinds(id)).toEqual(['made', 'failed', 'redriven']);
  });

  it('redrives when the job is requeued at the same moment', async () => {
    const id = await made();
    const job = await tryOf(id);
    await deliveries.retrying(id, { ...problem, attempt: 1, inMs: 3_600_000, wasTried: true });
    expect(await redrives.redrive(id, 'jane')).toMatchObject({ outcome: 'redriven' });
    await jobs.fail(job, { ...problem, retryInMs: 3_600_000 });
    expect(await redrives.redrive(id, 'jane')).toMatchObject({ outcome: 'redriven' });
    expect(await liveJobs(id)).toMatchObject([{ isDue: true }]);
  });

  it('skips deliveries that are being sent, held or superseded', async () => {
    const underWay = await made();
    await tryOf(underWay);
    const older = await made({ edition: { subject: 'incident', revision: 1 } });
    await made({ edition: { subject: 'incident', revision: 2 } });
    await tryOf(older);
    const [held = ''] = await store.transaction(async (tx) =>
      deliveries.add(
        tx,
        [{ ...(await deliveries.get(underWay))!, eventId: uuidv7(), cause: ['push', 'held'] }],
        'group',
      ),
    );
    const outcomes = [];
    for (const id of [underWay, older, held]) outcomes.push((await redrives.redrive(id, 'jane', again)).outcome);
    expect(outcomes).toEqual(['under-way', 'ended', 'held']);
    await expect(redrives.redrive(uuidv7(), 'jane')).rejects.toMatchObject({ code: 'DELIVERY_UNKNOWN' });
  });

  it('repeats a sent delivery only on request, as a delivery of its own', async () => {
    const id = await accepted({ edition: { subject: 'incident', revision: 1 } });
    expect(await redrives.redrive(id, 'jane')).toEqual({ id, outcome: 'accepted' });
    expect(await liveJobs(id)).toEqual([]);

    const repetitions = await Promise.all([redrives.redrive(id, 'jane', again), redrives.redrive(id, 'joe', again)]);
    const [repeated] = repetitions;
    expect(new Set(repetitions.map((each) => each.id)).size).toBe(1);
    expect(repeated).toMatchObject({ outcome: 'repeated' });
    const repetition = await deliveries.get(repeated.id);
    expect(repetition).toMatchObject({
      state: 'pending',
      edition: null,
      origin: { kind: 'repetition', id },
      message: { summary: 'Again: It is so.' },
    });
    expect(await deliveries.get(id)).toMatchObject({ state: 'sent', reference: '1.1' });
    expect(await kinds(id)).toEqual(['made', 'sent', 'repeated']);
    expect(await deliveries.story(id)).toMatchObject({
      derived: [{ id: repeated.id, kind: 'repetition', state: 'pending' }],
    });
  });

  it('repeats the original, not its repetition', async () => {
    const id = await accepted();
    const first = await redrives.redrive(id, 'jane', again);
    const job = await tryOf(first.id);
    await store.transaction(async (tx) => {
      await jobs.finish(tx, job);
      await deliveries.sent(tx, [{ id: first.id, reference: null, note: null }]);
    });
    const second = await redrives.redrive(first.id, 'jane', again);
    expect(await deliveries.get(second.id)).toMatchObject({ origin: { id }, message: { summary: 'Again: It is so.' } });
  });

  it('redrives the deliveries of a filter up to a limit', async () => {
    const failed = [await givenUp(), await givenUp(), await waiting()];
    const other = await givenUp({ receiver: 'other' });
    await accepted();
    expect(await redrives.redriveAll({ receiver: 'team' }, 'jane', 2)).toEqual({ redriven: 2, isMore: true });
    expect(await redrives.redriveAll({ receiver: 'team' }, 'jane', 2)).toEqual({ redriven: 1, isMore: false });
    expect(await redrives.redriveAll({ receiver: 'team' }, 'jane', 2)).toEqual({ redriven: 0, isMore: false });
    for (const id of failed) expect(await liveJobs(id)).toMatchObject([{ isDue: true }]);
    expect(await liveJobs(other)).toEqual([]);
  });

  describe('the filter of redrives', () => {
    const listed = async (filter: Parameters<Deliveries['list']>[1]) =>
      (await deliveries.list({ limit: 10 }, filter)).items.map(({ id }) => id);

    it('selects failed deliveries, and those with a fallback to another receiver', async () => {
      const [failed, fallenBack] = [await givenUp(), await givenUp({ receiver: 'other' })];
      const instead = await made({ receiver: 'mail', origin: { kind: 'fallback', id: fallenBack } });
      expect(await listed({ state: 'failed' })).toEqual([fallenBack, failed]);
      expect(await listed({ state: 'fallen-back' })).toEqual([fallenBack]);
      expect(await listed({ state: 'fallen-back', receiver: 'team' })).toEqual([]);
      expect(await listed({ receiver: 'mail' })).toEqual([instead]);
      expect(await listed({ since: new Date(Date.now() + 60_000) })).toEqual([]);
    });

    it('selects deliveries about an incident or a push', async () => {
      const incident = uuidv7();
      const push = uuidv7();
      const eventId = uuidv7();
      await store.query(
        `INSERT INTO outbox (id, type, channel, subject, source, data) VALUES ($1, 'dev.tidewaiter.image.analyzed.v1', 'x', 'x', 'x', $2)`,
        [eventId, JSON.stringify({ pushId: push })],
      );
      const ids = [await made({ edition: { subject: incident, revision: 1 } }), await made({ eventId })];
      expect([await listed({ incident }), await listed({ push })]).toEqual(ids.map((id) => [id]));
      expect(await listed({ incident, push })).toEqual([]);
    });
  });
});
