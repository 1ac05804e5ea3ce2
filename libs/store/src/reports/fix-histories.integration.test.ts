import { hash } from 'node:crypto';

import { type AccessScope, type Digest, Secret } from '@tidewaiter/domain';
import type { FixTimeFigures } from '@tidewaiter/reports';
import { parseSettings } from '@tidewaiter/runtime';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import * as fc from 'fast-check';
import type { DataSource } from 'typeorm';

import { ScopedRows } from '../access/scoped-rows.js';
import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { OwnerLabels } from '../images/owner-labels.js';
import { FixHistories, type FixHistoryQuestion } from './fix-histories.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let vulnerable: string;
let published: string;

const digestOf = (name: string): Digest => `sha256:${hash('sha256', name, 'hex')}`;
const now = new Date('2026-11-30T12:00:00Z');
const { owners } = parseSettings('owners: [ { repository: shop/*, owner: team-shop } ]', () => '');
const clean = 'clean';

async function addPackage(id: string, publishedAt: string): Promise<string> {
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, published, change)
     VALUES ($1, $1, '{}', $1, 'high', now(), $2, nextval('advisory_change_seq'))`,
    [id, publishedAt],
  );
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses)
     VALUES ($1, 'deb', $1, '1', $1, '1', '{}') RETURNING id`,
    [`of ${id}`],
  );
  await store.query(
    `INSERT INTO package_vulnerability (package_id, vulnerability_id, kind, severity, fix_state, is_certain, advisory_id, evaluation)
     VALUES ($1, $2, 'vulnerability', 'high', 'fixed', true, $2, 1)`,
    [row!.id, id],
  );
  return row!.id;
}

async function addImage(name: string, packages: readonly string[]): Promise<void> {
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzed_at)
     VALUES ($1, 'm', 'c', 'linux/amd64', '{"dev.tidewaiter.owner": "team-label"}', now())`,
    [digestOf(name)],
  );
  await store.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
     SELECT $1, unnest($2::bigint[]), 0, 'present', 'status'`,
    [digestOf(name), packages],
  );
}

interface Tagged {
  origin?: string;
  state?: string;
  /** Whether its images are still kept. */
  isKept?: boolean;
}

/** Points a tag to an image, or deletes it. */
async function tag(
  repository: string,
  name: string,
  image: string | null,
  at: string,
  { origin = 'hook', state = 'analyzed', isKept = true }: Tagged = {},
): Promise<void> {
  const digest = image && digestOf(image);
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, origin, digest, received_at)
     VALUES (gen_random_uuid(), 'main', $1, $2, 'image', $3, $4, $5, $6) RETURNING id`,
    [repository, name, state, origin, digest, at],
  );
  if (digest !== null && state === 'analyzed' && isKept)
    await store.query('INSERT INTO push_image (push_id, image_digest) VALUES ($1, $2)', [row!.id, digest]);
  await store.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position)
     SELECT 'main', $1, $2, $3, $4, $5, 1 + count(*) FROM tag_ledger WHERE (repository, tag) = ($1, $2)`,
    [repository, name, digest, row!.id, at],
  );
}

async function ran(image: string, from: string, to: string): Promise<void> {
  await store.query(
    `INSERT INTO container_ledger (container_id, cluster, namespace, workload_kind, workload, image_digest, claimed_digests, started_at, ended_at, first_seen, last_seen)
     VALUES (gen_random_uuid(), 'eu1', 'shop', 'Deployment', 'web', $1, '{}', $2, $3, $2, $3)`,
    [digestOf(image), from, to],
  );
}

const question: FixHistoryQuestion = { by: 'repository', days: 60, limits: { high: 20 } };

async function groupsOf(over: Partial<FixHistoryQuestion>, scopes: AccessScope[] | null = null) {
  const histories = new FixHistories(store, new OwnerLabels(store));
  const read = async () => histories.of({ ...question, ...over }, owners, now);
  return scopes ? store.within(new ScopedRows(scopes, owners.rules), read) : store.unlimited(read);
}

async function figuresOf(repository: string): Promise<Partial<FixTimeFigures>> {
  const [group] = await groupsOf({ repository });
  const [high, ...others] = group?.severities ?? [];
  expect(others).toEqual([]);
  return high ?? {};
}

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  vulnerable = await addPackage('CVE-2026-1', '2020-01-01');
  published = await addPackage('CVE-2026-2', '2026-11-20');
  await addImage(clean, []);
  for (const name of ['old', 'rebuilt']) await addImage(name, [vulnerable]);
  await addImage('later', [published]);
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('FixHistories', () => {
  it('measures from the first image with a vulnerability until no tag has one, over rebuilds', async () => {
    await tag('shop/cart', '1', 'old', '2026-11-01T00:00:00Z');
    await tag('shop/cart', '1', 'rebuilt', '2026-11-05T00:00:00Z');
    await tag('shop/cart', '2', 'old', '2026-11-06T00:00:00Z');
    await tag('shop/cart', '1', clean, '2026-11-08T00:00:00Z');
    expect(await figuresOf('shop/cart')).toMatchObject({ fixed: 0, open: 1, overdue: 1, oldestDays: 29 });
    await tag('shop/cart', '2', null, '2026-11-11T00:00:00Z');
    expect(await figuresOf('shop/cart')).toEqual({
      ...{ severity: 'high', fixed: 1, medianDays: 10, p90Days: 10, unknown: 0, unknownBefore: null },
      ...{ open: 0, limitDays: 20, overdue: 0, oldestDays: null },
    });
  });

  it('counts one that comes back as another', async () => {
    await tag('back', '1', 'old', '2026-11-01T00:00:00Z');
    await tag('back', '1', clean, '2026-11-03T00:00:00Z');
    await tag('back', '1', 'old', '2026-11-20T00:00:00Z');
    expect(await figuresOf('back')).toMatchObject({ fixed: 1, medianDays: 2, open: 1, overdue: 0, oldestDays: 10 });
  });

  it('begins with the publication of an advisory, and counts none of an image that went before', async () => {
    await tag('published', '1', 'later', '2026-11-01T00:00:00Z', { origin: 'imported' });
    expect(await figuresOf('published')).toMatchObject({ open: 1, oldestDays: 10 });
    await tag('published', '1', clean, '2026-11-22T00:00:00Z');
    expect(await figuresOf('published')).toMatchObject({ fixed: 1, medianDays: 2, unknown: 0 });
    await tag('unpublished', '1', 'later', '2026-11-01T00:00:00Z');
    await tag('unpublished', '1', clean, '2026-11-10T00:00:00Z');
    expect(await figuresOf('unpublished')).toEqual({});
  });

  it('ends with the last container of an image', async () => {
    await addImage('runs', [vulnerable]);
    await tag('runs', '1', 'runs', '2026-11-01T00:00:00Z');
    await ran('runs', '2026-11-02T00:00:00Z', '2026-11-13T00:00:00Z');
    await tag('runs', '1', clean, '2026-11-03T00:00:00Z');
    expect(await figuresOf('runs')).toMatchObject({ fixed: 1, medianDays: 12 });
  });

  it('knows no duration of what was there when the registry was connected, or before the retention', async () => {
    await tag('imported', '1', 'old', '2026-10-20T00:00:00Z', { origin: 'imported' });
    await tag('imported', '1', clean, '2026-11-03T00:00:00Z');
    const unknown = { fixed: 0, medianDays: null, unknown: 1 };
    expect(await figuresOf('imported')).toMatchObject({ ...unknown, unknownBefore: '2026-10-20' });
    await tag('forgotten', '1', 'gone', '2026-10-01T00:00:00Z', { isKept: false });
    await tag('forgotten', '1', 'old', '2026-10-25T00:00:00Z');
    await tag('forgotten', '1', clean, '2026-11-03T00:00:00Z');
    expect(await figuresOf('forgotten')).toMatchObject({ ...unknown, unknownBefore: '2026-10-25' });
    await tag('expired', '1', 'old', '2026-10-26T00:00:00Z');
    await tag('expired', '1', clean, '2026-11-03T00:00:00Z');
    await store.query(`UPDATE tag_ledger SET position = position + 7 WHERE repository = 'expired'`);
    expect(await figuresOf('expired')).toMatchObject({ ...unknown, unknownBefore: '2026-10-26' });
  });

  it('keeps the last known image of a tag whose newest one cannot be read', async () => {
    await tag('unread', '1', 'old', '2026-11-01T00:00:00Z');
    await tag('unread', '1', 'damaged', '2026-11-05T00:00:00Z', { state: 'refused' });
    expect(await figuresOf('unread')).toMatchObject({ fixed: 0, open: 1, oldestDays: 29 });
  });

  it('groups by owner, and has what limits hold', async () => {
    await tag('shop/api', '1', 'old', '2026-11-01T00:00:00Z');
    const byOwner = await groupsOf({ by: 'owner' });
    expect(new Set(byOwner.map(({ name }) => name))).toEqual(new Set(['team-label', 'team-shop']));
    const scope = { repositories: ['shop/*'], clusters: [], namespaces: [], owners: [] };
    expect((await groupsOf({}, [scope])).map(({ name }) => name)).toEqual(['shop/api', 'shop/cart']);
    expect(await groupsOf({ repository: 'pay/*' })).toEqual([]);
  });

  it('agrees with a calendar of any histories of tags', async () => {
    const moves = fc.array(
      fc.record({ tag: fc.constantFrom('1', '2', '3'), image: fc.constantFrom('old', 'rebuilt', clean, null) }),
      { minLength: 1, maxLength: 20 },
    );
    let runs = 0;
    const agrees = fc.asyncProperty(moves, async (history) => {
      const repository = `random-${(runs += 1)}`;
      const current = new Map<string, string | null>();
      const days: number[] = [];
      let since: number | null = null;
      for (const [index, { tag: name, image }] of history.entries()) {
        // One move a day, from November 1 on.
        await tag(repository, name, image, new Date(Date.UTC(2026, 10, 1 + index)).toISOString());
        current.set(name, image);
        const isThere = [...current.values()].some((each) => each === 'old' || each === 'rebuilt');
        if (isThere) since ??= index;
        else if (since !== null) {
          days.push(index - since);
          since = null;
        }
      }
      const sorted = days.toSorted((a, b) => a - b);
      const { fixed = 0, medianDays = null, open = 0, oldestDays = null, unknown = 0 } = await figuresOf(repository);
      expect({ fixed, medianDays, open, oldestDays, unknown }).toEqual({
        ...{ fixed: days.length, medianDays: sorted[Math.ceil(sorted.length / 2) - 1] ?? null },
        ...{ open: since === null ? 0 : 1, oldestDays: since === null ? null : 29 - since, unknown: 0 },
      });
    });
    await fc.assert(agrees, { numRuns: 25 });
  });
});
