import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';

import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, testAuthority } from '@tidewaiter/testkit';

import { RegistryClient } from './client.js';
import type { RegistryConnection, RegistryMirror } from './connection.js';

// TLS and megabytes on a busy machine; nothing here waits for a clock.
jest.setTimeout(60_000);

const sha256 = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const manifest = Buffer.from('{"schemaVersion":2,"layers":[]}');
const small = Buffer.from('a small layer');
const large = Buffer.alloc(5 * 1024 * 1024, 'a large layer');
const contents = new Map([manifest, small, large].map((bytes) => [sha256(bytes), bytes]));

const closers: (() => Promise<unknown>)[] = [];
describe('RegistryClient', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  interface Host {
    url: string;
    /** Path and credentials of every request. */
    seen: { path: string; authorization: string | undefined; client: string | undefined }[];
  }

  /** A registry over HTTPS, under the private authority, that records the caller's credentials. */
  async function start(name: string, answer: RequestListener = give): Promise<Host> {
    const seen: Host['seen'] = [];
    const { port, stop } = await startHttpServer(
      (request, response) => {
        const peer = (request.socket as TLSSocket).getPeerCertificate();
        seen.push({
          path: request.url ?? '',
          authorization: request.headers.authorization,
          client: peer.subject?.CN as string | undefined,
        });
        answer(request, response);
      },
      { ...testAuthority.server, ca: testAuthority.ca, requestCert: true, rejectUnauthorized: false },
    );
    closers.push(stop);
    return { url: `https://${name}.test:${port}`, seen };
  }

  /** Serves the contents as an honest registry does. */
  function give(request: IncomingMessage, response: ServerResponse): void {
    const reference = request.url?.split('/').at(-1) ?? '';
    const bytes = contents.get(reference === 'latest' ? sha256(manifest) : reference);
    if (!bytes) return void response.writeHead(404).end();
    const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from ? 206 : 200, from ? range : {}).end(bytes.subarray(from));
  }

  const wrong: RequestListener = (request, response) => {
    const bytes = contents.get(request.url?.split('/').at(-1) ?? '') ?? manifest;
    response.end(Buffer.alloc(bytes.length, 'x'));
  };

  function client(origin: Host, mirrors: RegistryMirror[], connection: Partial<RegistryConnection> = {}) {
    const egress = new Egress({ allow: ['other.test'] }, async () => [{ address: '127.0.0.1', family: 4 }]);
    closers.push(() => egress.close());
    return new RegistryClient(
      { name: 'origin', url: origin.url, allowPrivate: true, ca: testAuthority.ca, ...connection, mirrors },
      egress,
    );
  }

  const mirror = ({ url }: { url: string }, more: Partial<RegistryMirror> = {}): RegistryMirror => ({
    name: 'mirror',
    url,
    allowPrivate: true,
    ca: testAuthority.ca,
    gives: 'both',
    ...more,
  });

  async function readAll(blob: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  const descriptorOf = (bytes: Buffer) => ({ digest: sha256(bytes), size: bytes.length });

  describe('a mirror', () => {
    it('is queried instead of the registry, by its own names of repositories', async () => {
      const [origin, copy] = [await start('origin'), await start('mirror')];
      const registry = client(origin, [mirror(copy, { rewrite: { prefix: 'shop/', location: 'hub/shop/' } })]);
      expect((await registry.manifest('shop/app', 'latest')).bytes).toEqual(manifest);
      expect((await readAll(registry.blob('shop/app', descriptorOf(large)))).equals(large)).toBe(true);
      expect(copy.seen.map(({ path }) => path)).toEqual([
        '/v2/hub/shop/app/manifests/latest',
        `/v2/hub/shop/app/blobs/${sha256(large)}`,
      ]);
      expect(origin.seen).toEqual([]);
    });

    it('and the registry itself may have other names for everything', async () => {
      const origin = await start('origin');
      const registry = client(origin, [], { rewrite: { prefix: 'app', location: 'org/team/app' } });
      await registry.manifest('app', 'latest');
      expect(origin.seen.map(({ path }) => path)).toEqual(['/v2/org/team/app/manifests/latest']);
    });

    it.each([
      ['digests', ['origin', 'mirror']],
      ['tags', ['mirror', 'origin']],
      ['both', ['mirror', 'mirror']],
    ] as const)('that sends %s is not queried for anything else', async (gives, asked) => {
      const [origin, copy] = [await start('origin'), await start('mirror')];
      const registry = client(origin, [mirror(copy, { gives })]);
      for (const [index, reference] of ['latest', sha256(manifest)].entries()) {
        const before = copy.seen.length;
        await registry.manifest('shop/app', reference);
        expect(copy.seen.length > before ? 'mirror' : 'origin').toBe(asked[index]);
      }
    });

    it('gets its own credentials and client certificate, the registry its own, and a redirect none', async () => {
      const store = await start('other');
      const basic = (user: string) => `Basic ${Buffer.from(`${user}:s3cret`).toString('base64')}`;
      const asking =
        (user: string, then: RequestListener): RequestListener =>
        (request, response) =>
          request.headers.authorization === basic(user)
            ? then(request, response)
            : void response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      const toStore: RequestListener = (request, response) =>
        void response.writeHead(307, { location: `${store.url}/${request.url?.split('/').at(-1)}` }).end();
      const origin = await start('origin', asking('at-origin', toStore));
      const copy = await start(
        'mirror',
        asking('at-mirror', (_, response) => void response.writeHead(404).end()),
      );
      const registry = client(
        origin,
        [mirror(copy, { credentials: { username: 'at-mirror', password: new Secret('s3cret') } })],
        {
          credentials: { username: 'at-origin', password: new Secret('s3cret') },
          client: { certificate: testAuthority.client.certificate, key: new Secret(testAuthority.client.key) },
        },
      );
      expect(await readAll(registry.blob('shop/app', descriptorOf(small)))).toEqual(small);
      expect(copy.seen.map(({ authorization, client }) => [authorization, client])).toEqual([
        [undefined, undefined],
        [basic('at-mirror'), undefined],
      ]);
      expect(origin.seen.map(({ authorization, client }) => [authorization, client])).toEqual([
        [undefined, 'client'],
        [basic('at-origin'), 'client'],
      ]);
      expect(store.seen.map(({ authorization, client }) => [authorization, client])).toEqual([[undefined, undefined]]);
    });

    it('without credentials of its own gets none, even on request', async () => {
      const origin = await start('origin');
      const greedy = await start(
        'mirror',
        (_, response) =>
          void response.writeHead(401, { 'www-authenticate': `Bearer realm="${origin.url}/token"` }).end(),
      );
      const credentials = { username: 'robot', password: new Secret('s3cret') };
      const registry = client(origin, [mirror(greedy)], { credentials });
      expect((await registry.manifest('shop/app', sha256(manifest))).bytes).toEqual(manifest);
      expect([...greedy.seen, ...origin.seen].map(({ authorization }) => authorization)).not.toContainEqual(
        expect.stringContaining('Basic'),
      );
    });
  });

  describe('a mirror that fails', () => {
    it.each<[string, RequestListener]>([
      ['has not what it is asked for', (_, response) => void response.writeHead(404).end()],
      ['refuses', (_, response) => void response.writeHead(403).end()],
      ['is broken', (_, response) => void response.writeHead(500).end()],
      ['hangs up', (request) => void request.socket.destroy()],
      [
        'redirects to a private place',
        (_, response) => void response.writeHead(307, { location: 'https://169.254.169.254/' }).end(),
      ],
      ['gives other bytes', wrong],
      ['gives too few', (_, response) => void response.end('x')],
      ['gives too many', (_, response) => void response.end(Buffer.alloc(8 * 1024 * 1024))],
    ])('because it %s is skipped for the next one, then the registry', async (_, answer) => {
      const [origin, bad, good] = [await start('origin'), await start('mirror', answer), await start('other')];
      for (const mirrors of [[mirror(bad)], [mirror(bad), mirror(good)]]) {
        const registry = client(origin, mirrors);
        expect((await registry.manifest('shop/app', sha256(manifest))).bytes).toEqual(manifest);
        expect(await readAll(registry.blob('shop/app', descriptorOf(small)))).toEqual(small);
        const last = mirrors.length > 1 ? good : origin;
        expect(last.seen.map(({ path }) => path.split('/').at(-1))).toEqual([sha256(manifest), sha256(small)]);
      }
    });

    it('is skipped for a while, unless it only lacks something', async () => {
      const [origin, lacking, broken] = [
        await start('origin'),
        await start('mirror', (_, response) => void response.writeHead(404).end()),
        await start('other', (_, response) => void response.writeHead(503).end()),
      ];
      const registry = client(origin, [mirror(lacking), mirror(broken)]);
      for (let times = 0; times < 3; times += 1) await registry.manifest('shop/app', sha256(manifest));
      expect([lacking.seen.length, broken.seen.length, origin.seen.length]).toEqual([3, 1, 3]);
    });

    it('in the middle of a blob is resumed elsewhere', async () => {
      const origin = await start('origin');
      const breaking = await start('mirror', (_, response) => {
        response.writeHead(200, { 'content-length': large.length });
        response.write(large.subarray(0, 3_000_000), () => setTimeout(() => response.destroy(), 20));
      });
      expect(
        (await readAll(client(origin, [mirror(breaking)]).blob('shop/app', descriptorOf(large)))).equals(large),
      ).toBe(true);
      expect([breaking.seen.length, origin.seen.length]).toEqual([1, 1]);
    });

    it('by sending wrong content is detected at its end, and not used again', async () => {
      const [origin, liar] = [await start('origin'), await start('mirror', wrong)];
      const registry = client(origin, [mirror(liar)]);
      await expect(readAll(registry.blob('shop/app', descriptorOf(large)))).rejects.toMatchObject({
        code: 'MIRROR_UNTRUE',
        retryable: true,
      });
      expect((await readAll(registry.blob('shop/app', descriptorOf(large)))).equals(large)).toBe(true);
      expect(liar.seen).toHaveLength(1);
    });

    it('does not override the registry, whose answer counts', async () => {
      const [origin, broken] = [
        await start('origin', (_, response) => void response.writeHead(404).end()),
        await start('mirror', (_, response) => void response.writeHead(500).end()),
      ];
      await expect(client(origin, [mirror(broken)]).manifest('shop/app', 'latest')).rejects.toMatchObject({
        code: 'MANIFEST_UNKNOWN',
      });
    });

    it('is not used for a read of the registry itself', async () => {
      const [origin, liar] = [await start('origin'), await start('mirror', wrong)];
      const registry = client(origin, [mirror(liar)]);
      expect((await readAll(registry.blobOfOrigin('shop/app', descriptorOf(large)))).equals(large)).toBe(true);
      expect(liar.seen).toEqual([]);
    });
  });

  describe('a registry with client certificates', () => {
    const certificate = { certificate: testAuthority.client.certificate, key: new Secret(testAuthority.client.key) };

    async function strict(): Promise<Host> {
      const { port, stop } = await startHttpServer(give, {
        ...testAuthority.server,
        ca: testAuthority.ca,
        requestCert: true,
        rejectUnauthorized: true,
      });
      closers.push(stop);
      return { url: `https://origin.test:${port}`, seen: [] };
    }

    it('accepts us with the certificate', async () => {
      const registry = client(await strict(), [], { client: certificate });
      expect((await registry.manifest('shop/app', 'latest')).bytes).toEqual(manifest);
    });

    it('rejects us without one', async () => {
      await expect(client(await strict(), []).manifest('shop/app', 'latest')).rejects.toMatchObject({
        code: 'EGRESS_UNREACHABLE',
      });
    });

    it('does not get it sent to a token server elsewhere', async () => {
      const tokens = await start('other', (_, response) => void response.end('{"token":"t"}'));
      const origin = await start('origin', (request, response) =>
        request.headers.authorization === 'Bearer t'
          ? give(request, response)
          : void response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.url}/token"` }).end(),
      );
      const registry = client(origin, [], { client: certificate });
      expect((await registry.manifest('shop/app', 'latest')).bytes).toEqual(manifest);
      expect([...origin.seen, ...tokens.seen].map((each) => each.client)).toEqual(['client', 'client', undefined]);
    });

    it('is not queried with an invalid key', async () => {
      const broken = { ...certificate, key: new Secret(testAuthority.server.key) };
      await expect(client(await strict(), [], { client: broken }).manifest('shop/app', 'latest')).rejects.toMatchObject(
        {
          code: 'EGRESS_CERTIFICATE',
        },
      );
    });
  });
});
