import { Secret } from '@tidewaiter/domain';
import { contentKeyOf } from '@tidewaiter/facts';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { FileContents } from '../file-contents.js';
import { FleetSearch } from './fleet-search.js';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const [old, current, other] = [digest('a'), digest('b'), digest('c')];
const file = 'f'.repeat(64);

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let search: FleetSearch;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  const store = new Store(dataSource, 'test');
  const pushed = [
    ['shop/web', '1.4.0', old, 1],
    ['shop/web', '1.4.1', current, 1],
    ['shop/web', 'edge', old, 1],
    ['shop/web', 'edge', current, 2],
    ['data/web', '1.4.0', other, 1],
  ] as const;
  for (const [repository, tag, pushedDigest, position] of pushed) {
    const [push] = await store.query<{ id: string }>(
      `INSERT INTO push (id, connection, repository, tag, artifact, state, digest, registry_host, received_at)
       VALUES (gen_random_uuid(), 'main', $1, $2, 'image', 'analyzed', $3, 'registry.example.com:5000', now()) RETURNING id`,
      [repository, tag, pushedDigest],
    );
    await store.query(
      `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position)
       VALUES ('main', $1, $2, $3, $4, now(), $5)`,
      [repository, tag, pushedDigest, push!.id, position],
    );
  }
  await store.query(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses) SELECT
       'pkg:deb/debian/' || name || '@' || version || '?arch=amd64', 'deb', name, version, name, version, '{}'
     FROM (VALUES ('openssl', '3.0.14'), ('openssl', '3.0.15'), ('libxml2', '2.9.14')) AS known (name, version)`,
  );
  await store.query(
    `INSERT INTO container_ledger (container_id, cluster, namespace, pod, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
     VALUES ('5c0ffee00002', '', 'shop', 'web-1', 'Deployment', 'web-front', $1, '{}', now(), now())`,
    [current],
  );
  await store.query(
    `INSERT INTO workload (cluster, namespace, kind, name, namespace_labels, replicas, probes, seen_at)
     VALUES ('', 'shop', 'Deployment', 'web-front', '{}', 1, '{}', now())`,
  );
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     VALUES ('DEMO-2026-1001', 'DEMO-2026-1001', '{}', 'a hole', 'high', now(), 1)`,
  );
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels) VALUES ($1, 'm', $1, 'linux/amd64', '{}')`,
    [current],
  );
  await store.query('INSERT INTO image_manifest (image_digest, files, contents) VALUES ($1, $2, $3::bigint[])', [
    current,
    Buffer.alloc(0),
    `{${contentKeyOf(file)}}`,
  ]);
  search = new FleetSearch(store, new FileContents(store));
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('FleetSearch', () => {
  const host = 'registry.example.com:5000';
  const web = ['tag', `${host}/shop/web:1.4.0`, `/api/v1/images/${old}`];

  it.each([
    ['shop/web:1.4.0', [web]],
    [`${host}/shop/web:1.4.0`, [web]],
    ['main/shop/web:1.4.0', [web]],
    ['shop/web:edge', [['tag', `${host}/shop/web:edge`, `/api/v1/images/${current}`]]],
    ['1.4.1', [['tag', `${host}/shop/web:1.4.1`, `/api/v1/images/${current}`]]],
  ])('finds the digest of the tag %s', async (text, hits) => {
    expect((await search.of(text)).map(({ type, id, link }) => [type, id, link])).toEqual(hits);
  });

  it.each([
    ['web:1.4.0', ['tag data/web:1.4.0', 'tag shop/web:1.4.0']],
    ['shop/web', ['repository shop/web']],
    [`${host}/shop/web`, ['repository shop/web']],
    ['shop/web:9', ['repository shop/web']],
    ['WEB', ['repository data/web', 'repository shop/web', 'workload shop/Deployment/web-front']],
    ['shop/Deployment/web-front', ['workload shop/Deployment/web-front']],
    ['libxml', ['package pkg:deb/debian/libxml2']],
    ['openssl', ['package pkg:deb/debian/openssl']],
    ['openssl@3.0.14', ['package pkg:deb/debian/openssl@3.0.14?arch=amd64']],
    ['pkg:deb/debian/openssl@3.0.14', ['package pkg:deb/debian/openssl@3.0.14?arch=amd64']],
    ['openssl@3.0.13', ['package pkg:deb/debian/openssl']],
    ['demo-2026-1001', ['vulnerability DEMO-2026-1001']],
    ['bbbbbbbbbbbb', [`image ${current}`]],
    [current, [`image ${current}`]],
    [`shop/web@${current}`, [`image ${current}`]],
    ['5c0ffee00002', ['container 5c0ffee00002']],
    [`containerd://5c0ffee00002${'1'.repeat(52)}`, ['container 5c0ffee00002']],
    [file, [`file ${file}`]],
    ['nothing', []],
  ])('finds %s', async (text, hits) => {
    const found = (await search.of(text)).map(({ type, id }) => `${type} ${id}`);
    const names = found.map((each) => each.replace(`${host}/`, '').replace('repository main/', 'repository '));
    expect(names.toSorted()).toEqual(hits);
  });

  it('leads from a container to its workload', async () => {
    const [container] = await search.of('5c0ffee0');
    expect(container?.link).toBe('/api/v1/workloads/-/shop/Deployment/web-front');
  });
});
