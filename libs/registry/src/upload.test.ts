import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Digest } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, type TestHttpServer } from '@tidewaiter/testkit';

import { RegistryClient } from './client.js';

const digestOf = (bytes: Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const bytes = Buffer.alloc(9_000_000, 'advisories');
const blob = { digest: digestOf(bytes), size: bytes.length };

describe('RegistryClient.putBlob', () => {
  const egress = new Egress({ allow: [] });
  let server: TestHttpServer;
  let asked: string[] = [];
  let stored = Buffer.alloc(0);
  /** Answers some requests in its own way; returns whether it did. */
  let disturb: (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean = () => false;

  beforeAll(async () => {
    server = await startHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk));
      request.on('end', () => answer(request, response, Buffer.concat(chunks)));
    });
  });

  beforeEach(() => {
    [asked, stored, disturb] = [[], Buffer.alloc(0), () => false];
  });

  afterAll(async () => {
    await egress.close();
    await server.stop();
  });

  function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    asked.push(`${request.method} ${request.headers['content-range'] ?? ''}`.trim());
    if (disturb(request, response, body)) return;
    const location = {
      location: '/v2/shop/data/blobs/uploads/1?state=x',
      range: `0-${Math.max(0, stored.length - 1)}`,
    };
    if (request.method === 'HEAD') return void response.writeHead(404).end();
    if (request.method === 'POST') return void response.writeHead(202, location).end();
    if (request.method === 'GET') return void response.writeHead(204, location).end();
    stored = Buffer.concat([stored, body]);
    if (request.method === 'PATCH') return void response.writeHead(202, location).end();
    response.writeHead(digestOf(stored) === blob.digest ? 201 : 400).end();
  }

  const client = () =>
    new RegistryClient({ name: 'test', url: `http://127.0.0.1:${server.port}`, allowPrivate: true }, egress);
  const put = async () => client().putBlob('shop/data', blob, async () => bytes);

  it('sends a large blob in parts', async () => {
    expect(await put()).toBe(true);
    expect(asked).toEqual(['HEAD', 'POST', 'PATCH 0-4194303', 'PATCH 4194304-8388607', 'PATCH 8388608-8999999', 'PUT']);
    expect(stored.equals(bytes)).toBe(true);
  });

  it('continues where the registry is when a part was lost on the way', async () => {
    let lost = 0;
    disturb = (request, response, body) => {
      if (request.method !== 'PATCH' || (lost += 1) !== 2) return false;
      // The registry has taken a part of it.
      stored = Buffer.concat([stored, body.subarray(0, 1_000_000)]);
      response.destroy();
      return true;
    };
    expect(await put()).toBe(true);
    // Four MiB from where the lost part ended.
    expect(asked.slice(3)).toEqual(['PATCH 4194304-8388607', 'GET', 'PATCH 5194304-8999999', 'PUT']);
    expect(stored.equals(bytes)).toBe(true);
  });

  it('begins again when the registry has forgotten the upload', async () => {
    let forgotten = false;
    disturb = (request, response) => {
      if (request.method !== 'PUT' || forgotten) return false;
      [forgotten, stored] = [true, Buffer.alloc(0)];
      response.writeHead(404).end('{}');
      return true;
    };
    expect(await put()).toBe(true);
    expect(asked.filter((each) => each === 'POST')).toHaveLength(2);
  });

  it('sends neither bytes nor credentials to another host that the registry names', async () => {
    disturb = (request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(202, { location: 'http://127.0.0.1:1/v2/shop/data/blobs/uploads/1' }).end();
      return true;
    };
    await expect(put()).rejects.toMatchObject({ code: 'REGISTRY_UNEXPECTED' });
    expect(asked.some((each) => each.startsWith('P') && each !== 'POST')).toBe(false);
  });

  it('refuses to store other bytes than those of the digest', async () => {
    await expect(client().putBlob('shop/data', blob, async () => Buffer.from('other'))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});
