import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';
import { maxBodyBytes } from './pipeline-http.js';

const audience = 'https://tidewaiter.example.com';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let folder: string;
let ingest: RunningService;
let dataSource: DataSource;
let store: Store;
let issuer: Server;
let issuerUrl: string;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let keyRequests = 0;

/** Serves the discovery document and keys of a CI. */
async function startIssuer(): Promise<void> {
  keys = await generateKeyPair('RS256');
  const set = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256' }] });
  issuer = createServer((asked, response) => {
    keyRequests += 1;
    const isKeys = asked.url === '/keys';
    response.end(isKeys ? set : JSON.stringify({ issuer: issuerUrl, jwks_uri: `${issuerUrl}/keys` }));
  });
  await new Promise<void>((listening) => issuer.listen(0, '127.0.0.1', listening));
  issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  await startIssuer();
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-pipelines-'));
  await writeFile(
    join(folder, 'tidewaiter.yaml'),
    `
pipelines:
  - { name: ci, kind: token, token: t0ken }
  - { name: shop, kind: token, token: t0ken, repositories: ["shop/*"] }
  - { name: jobs, kind: gitlab, issuer: "${issuerUrl}", audience: "${audience}", claims: { project_path: acme/*, ref_protected: true } }
egress: { allow: ["127.0.0.0/8"] }
`,
  );
  const databaseUrl = await servers.postgres.createDatabase();
  ingest = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
  });
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await ingest.stop();
  issuer.close();
  await servers.stop();
  await rm(folder, { recursive: true });
});

let images = 0;
const newDigest = () =>
  `sha256:${createHash('sha256')
    .update(`${(images += 1)}`)
    .digest('hex')}`;

const post = async (path: string, body: string | Buffer, authorization = 'Bearer t0ken') => {
  const answer = await fetch(`${ingest.url}/hooks/pipeline/${path}`, {
    method: 'POST',
    body,
    headers: { authorization },
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
};

const jobToken = async (claims: Record<string, unknown> = {}) =>
  new SignJWT({
    project_path: 'acme/app',
    ref_protected: 'true',
    sha: 'c0ffee',
    user_login: 'jane',
    pipeline_id: '7',
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(issuerUrl)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(keys.privateKey);

const reportsOf = async (digest: string) =>
  store.query<Record<string, unknown>>('SELECT * FROM pipeline_report WHERE image_digest = $1', [digest]);

const sbom =
  '{"bomFormat":"CycloneDX","specVersion":"1.6",\n"components":[{"type":"library","name":"a","purl":"pkg:npm/a@1"}]}\n';

describe('pipeline hooks', () => {
  it('stores an SBOM byte for byte with its event before the answer', async () => {
    const digest = newDigest();
    const path = `ci?digest=${digest}&repository=registry.example.com/shop/app&tag=1.0`;
    expect(await post(path, sbom)).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0, ignored: 0 } });
    const [report] = await reportsOf(digest);
    expect(report).toMatchObject({
      connection: 'ci',
      kind: 'sbom',
      format: 'cyclonedx',
      version: '1.6',
      packages: 1,
      run: null,
    });
    const [document] = await store.query<{ content: Buffer }>(
      'SELECT content FROM pipeline_document WHERE digest = $1',
      [report?.['document_digest']],
    );
    expect(document?.content.toString()).toBe(sbom);
    expect(await store.query('SELECT type, data FROM outbox WHERE subject = $1', [digest])).toEqual([
      {
        type: 'dev.tidewaiter.pipeline.reported.v1',
        data: {
          reportId: report?.['id'],
          connection: 'ci',
          kind: 'sbom',
          digest,
          repository: 'shop/app',
          tag: '1.0',
          revision: null,
        },
      },
    ]);
  });

  it('recognizes a repeated document', async () => {
    const path = `ci?digest=${newDigest()}`;
    const answers = await Promise.all(Array.from({ length: 4 }, async () => post(path, sbom)));
    expect(answers.filter(({ body }) => body['accepted'] === 1)).toHaveLength(1);
    expect(answers.filter(({ body }) => body['duplicates'] === 1)).toHaveLength(3);
    expect((await post(`ci?digest=${newDigest()}`, sbom)).body).toMatchObject({ accepted: 1 });
  });

  it('takes the run of a job from its token, and lists the proven facts', async () => {
    const digest = newDigest();
    const body = JSON.stringify({
      image: 'shop/app:1',
      digest,
      run: { revision: 'beef', startedAt: '2026-01-02T03:04:05Z' },
    });
    expect((await post('jobs', body, `Bearer ${await jobToken()}`)).status).toBe(202);
    expect(await reportsOf(digest)).toMatchObject([
      {
        repository: 'shop/app',
        tag: '1',
        run: {
          url: `${issuerUrl}/acme/app/-/pipelines/7`,
          id: '7',
          actor: 'jane',
          revision: 'c0ffee',
          startedAt: '2026-01-02T03:04:05Z',
        },
        proven: expect.arrayContaining(['url', 'id', 'actor', 'revision']),
      },
    ]);
    expect(await store.query('SELECT data FROM outbox WHERE subject = $1', [digest])).toMatchObject([
      { data: { revision: 'c0ffee' } },
    ]);
    const asked = keyRequests;
    expect((await post('jobs', body, `Bearer ${await jobToken()}`)).body).toMatchObject({ duplicates: 1 });
    expect(keyRequests).toBe(asked);
  });

  it.each([
    ['no token', ''],
    ['a wrong token', 'Bearer other'],
  ])('refuses %s before the body is read', async (_, authorization) => {
    expect(await post('ci', Buffer.alloc(maxBodyBytes + 1), authorization)).toMatchObject({
      status: 401,
      body: { code: 'HOOK_UNAUTHORIZED' },
    });
  });

  it('refuses a job that the settings do not allow', async () => {
    for (const claims of [
      { project_path: 'evil/app' },
      { ref_protected: 'false' },
      { pipeline_source: 'merge_request_event' },
    ])
      expect(await post('jobs', '{}', `Bearer ${await jobToken(claims)}`)).toMatchObject({ status: 401 });
  });

  it.each([
    ['nobody', '{}', 404, 'CONNECTION_UNKNOWN'],
    ['ci', '', 400, 'BODY_EMPTY'],
    ['ci', '<sbom/>', 400, 'BODY_NOT_JSON'],
    ['ci', '{"a":1}', 422, 'BODY_UNRECOGNIZED'],
    ['ci', sbom, 422, 'DIGEST_MISSING'],
    ['ci?digest=latest', sbom, 400, 'DIGEST_INVALID'],
    ['ci', '{"bomFormat":"CycloneDX","specVersion":"9"}', 422, 'DOCUMENT_INVALID'],
    [`shop?digest=sha256:${'a'.repeat(64)}`, sbom, 403, 'REPOSITORY_DENIED'],
    [`shop?digest=sha256:${'a'.repeat(64)}&repository=bank/app`, sbom, 403, 'REPOSITORY_DENIED'],
  ])('answers %s with a code', async (path, body, status, code) => {
    const answer = await post(path, body);
    expect(answer).toMatchObject({ status, body: { code, status } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('frees the slot of a sender that disconnects', async () => {
    const { port } = new URL(ingest.url);
    for (let turn = 0; turn < 10; turn += 1) {
      const headers = { authorization: 'Bearer t0ken', 'content-length': '1000' };
      const sent = request({ port, path: '/hooks/pipeline/ci', method: 'POST', headers });
      sent.on('error', () => undefined);
      await new Promise((written) => sent.write('{', written));
      const gone = new Promise((closed) => sent.once('close', closed));
      sent.destroy();
      await gone;
    }
    expect((await post(`ci?digest=${newDigest()}`, sbom)).status).toBe(202);
  });

  it('accepts larger bodies than other hooks, up to a limit', async () => {
    const padded = Buffer.concat([Buffer.from(sbom), Buffer.alloc(2 ** 21, ' ')]);
    expect((await post(`ci?digest=${newDigest()}`, padded)).status).toBe(202);
    expect((await post('ci', Buffer.alloc(maxBodyBytes + 1))).status).toBe(413);
  });
});
