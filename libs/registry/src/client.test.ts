import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { inspect } from 'node:util';

import { Secret, TidewaiterError, type Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, testCertificate } from '@tidewaiter/testkit';

import { RegistryClient } from './client.js';
import type { RegistryConnection } from './connection.js';
import { MAX_MANIFEST_BYTES } from './host-client.js';

type Exchange = [request: IncomingMessage, response: ServerResponse];

const sha256 = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const manifest = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const other = sha256('something else');
const credentials = { username: 'robot', password: new Secret('s3cret') };
const basic = `Basic ${Buffer.from('robot:s3cret').toString('base64')}`;

const closers: (() => Promise<unknown>)[] = [];
describe('RegistryClient', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  async function listen(listener: RequestListener, tls?: typeof testCertificate): Promise<number> {
    const { port, stop } = await startHttpServer(listener, tls);
    closers.push(stop);
    return port;
  }

  const http = async (listener: RequestListener) => `http://127.0.0.1:${await listen(listener)}`;
  const https = async (host: string, listener: RequestListener) =>
    `https://${host}:${await listen(listener, testCertificate)}`;

  function client(url: string, connection: Partial<RegistryConnection> = {}, allow: string[] = []): RegistryClient {
    const egress = new Egress({ allow }, async (host) => [
      { address: host === 'inside.test' ? '169.254.169.254' : '127.0.0.1', family: 4 },
    ]);
    closers.push(() => egress.close());
    return new RegistryClient(
      { name: 'test', url, allowPrivate: true, ca: testCertificate.cert, ...connection },
      egress,
    );
  }

  /**
   * A registry that answers its requests with the given steps, one after the other, the last one
   * for ever.
   */
  async function scripted(...steps: ((...exchange: Exchange) => void)[]) {
    const requests: IncomingMessage[] = [];
    const url = await http((request, response) => {
      const step = steps[Math.min(requests.push(request), steps.length) - 1];
      step?.(request, response);
    });
    return { url, requests, client: client(url) };
  }

  const answer =
    (status: number, headers: Record<string, string> = {}, body: string | Buffer = '') =>
    (request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);

  const giveManifest = answer(200, { 'content-type': `${manifestType}; charset=utf-8` }, manifest);

  async function failure(work: Promise<unknown>): Promise<TidewaiterError> {
    const error = await work.then(
      () => new Error('nothing was thrown'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof TidewaiterError)) throw error;
    return error;
  }

  async function readAll(blob: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  describe('connection', () => {
    it.each([
      ['http://localhost:5000', 'localhost:5000'],
      ['https://registry.example/', 'registry.example'],
      ['https://Registry.Example:443', 'registry.example'],
      ['https://registry-1.docker.io', 'docker.io'],
      ['https://docker.io', 'docker.io'],
    ])('parses %s as the registry %s', (url, host) => {
      expect(client(url).host).toBe(host);
    });

    it.each([
      'registry.example',
      'localhost:5000',
      'ftp://registry.example',
      'https://user:s3cret@registry.example',
      'https://registry.example/v2',
      'https://registry.example/?a',
      'https://registry.example/#a',
      '',
    ])('rejects %j', (url) => {
      expect(() => client(url)).toThrow(expect.objectContaining({ code: 'REGISTRY_CONNECTION' }));
      expect(() => client(url)).not.toThrow(/s3cret/);
    });
  });

  describe('resolve', () => {
    it('uses the digest of HEAD', async () => {
      const headers = { 'docker-content-digest': other, 'content-length': '1234', 'content-type': manifestType };
      const { client, requests } = await scripted(answer(200, headers));
      expect(await client.resolve('shop/app', '1.0')).toEqual({ digest: other, mediaType: manifestType, size: 1234 });
      expect(requests.map(({ method, url }) => [method, url])).toEqual([['HEAD', '/v2/shop/app/manifests/1.0']]);
      expect(requests[0]?.headers['user-agent']).toMatch(/^tidewaiter\/\d+\.\d+\.\d+$/);
      expect(requests[0]?.headers.accept?.split(', ')).toHaveLength(4);
    });

    it.each([
      ['gives no digest', answer(200, { 'content-length': '1' })],
      ['gives a digest of another kind', answer(200, { 'docker-content-digest': 'sha512:00', 'content-length': '1' })],
      ['gives no length', answer(200, { 'docker-content-digest': other, 'transfer-encoding': 'chunked' })],
      ['is not known', answer(405)],
    ])('reads the manifest if HEAD %s', async (_what, head) => {
      const { client, requests } = await scripted(head, giveManifest);
      expect(await client.resolve('shop/app', 'latest')).toEqual({
        digest: sha256(manifest),
        mediaType: manifestType,
        size: manifest.length,
      });
      expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
    });

    it('rejects another digest than requested', async () => {
      const headers = { 'docker-content-digest': other, 'content-length': '1' };
      const { client } = await scripted(answer(200, headers), giveManifest);
      expect(await client.resolve('shop/app', sha256(manifest))).toMatchObject({ digest: sha256(manifest) });
    });
  });

  describe('manifest', () => {
    it.each(['latest', sha256(manifest)])('fetches %s', async (reference) => {
      const { client, requests } = await scripted(giveManifest);
      const fetched = await client.manifest('shop/app', reference);
      expect(fetched).toEqual({ digest: sha256(manifest), mediaType: manifestType, bytes: Buffer.from(manifest) });
      expect(requests[0]?.url).toBe(`/v2/shop/app/manifests/${reference}`);
    });

    it.each([
      ['the digest that was asked for', other, {}],
      ['the digest that the registry declares', 'latest', { 'docker-content-digest': other }],
    ])('rejects bytes that do not have %s', async (_what, reference, headers) => {
      const { client } = await scripted(answer(200, headers, manifest));
      expect(await failure(client.manifest('shop/app', reference))).toMatchObject({
        code: 'DIGEST_MISMATCH',
        retryable: false,
      });
    });

    it.each([
      [MAX_MANIFEST_BYTES, undefined],
      [MAX_MANIFEST_BYTES + 1, 'LIMIT_EXCEEDED'],
    ])('with %i bytes ends with %s', async (size, code) => {
      const { client } = await scripted(answer(200, {}, Buffer.alloc(size, 'x')));
      const result = client.manifest('shop/app', 'latest').catch((error: unknown) => error);
      expect(await result).toMatchObject(code ? { code } : { mediaType: '' });
    });

    it('that is missing is not requested again', async () => {
      const { client, requests } = await scripted(answer(404));
      expect(await failure(client.manifest('shop/app', 'gone'))).toMatchObject({
        code: 'MANIFEST_UNKNOWN',
        retryable: false,
      });
      expect(requests).toHaveLength(1);
    });

    it.each([
      ['../../admin', 'latest'],
      ['shop/app?x', 'latest'],
      ['Shop', 'latest'],
      ['', 'latest'],
      ['shop/app', '../blobs/x'],
      ['shop/app', ''],
      ['shop/app', 'sha256:abc'],
    ])('with %j of %j is never requested', async (repository, reference) => {
      const { client, requests } = await scripted(giveManifest);
      expect(await failure(client.manifest(repository, reference))).toMatchObject({ code: 'REFERENCE_INVALID' });
      expect(requests).toHaveLength(0);
    });
  });

  describe('referrers', () => {
    const subject = sha256('image');
    const path = `/v2/shop/app/referrers/${subject}`;
    const named = (...names: string[]) =>
      names.map((name) => ({ mediaType: manifestType, digest: sha256(name), size: 2 }));
    const list = (...names: string[]) => JSON.stringify({ schemaVersion: 2, manifests: named(...names) });

    it('reads every page', async () => {
      const link = `<${path}?last=a>; rel="next"`;
      const { client, requests } = await scripted(answer(200, { link }, list('a')), answer(200, {}, list('b')));
      expect(await client.referrers('shop/app', subject)).toEqual(named('a', 'b'));
      expect(requests.map(({ url }) => url)).toEqual([path, `${path}?last=a`]);
    });

    it.each([404, 400, 405])('reads the list under its tag if the registry answers %i', async (status) => {
      const { client, requests } = await scripted(answer(status), answer(200, {}, list('a')));
      expect(await client.referrers('shop/app', subject)).toEqual(named('a'));
      expect(requests.map(({ url }) => url)).toEqual([path, `/v2/shop/app/manifests/${subject.replace(':', '-')}`]);
    });

    describe('of a registry whose web server does not know the path', () => {
      const unknownPath = answer(404, { 'content-type': 'text/plain; charset=utf-8' }, '404 page not found');
      const byTag = `/v2/shop/app/manifests/${subject.replace(':', '-')}`;
      const registry = async () => {
        const requests: string[] = [];
        const url = await http((request, response) => {
          requests.push(request.url!);
          (request.url!.includes('/referrers/') ? unknownPath : answer(200, {}, list('a')))(request, response);
        });
        return { client: client(url), requests };
      };

      it('are asked for by their tag alone, in that repository', async () => {
        const { client: asking, requests } = await registry();
        for (const _ of [1, 2]) expect(await asking.referrers('shop/app', subject)).toEqual(named('a'));
        expect(requests).toEqual([path, byTag, byTag]);
        await asking.referrers('shop/other', subject);
        expect(requests).toContain(path.replace('app', 'other'));
      });

      it('are asked for again after a minute', async () => {
        const { client: asking, requests } = await registry();
        await asking.referrers('shop/app', subject);
        const now = performance.now.bind(performance);
        const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + 60_001);
        await asking.referrers('shop/app', subject);
        later.mockRestore();
        expect(requests).toEqual([path, byTag, path, byTag]);
      });
    });

    it('finds none without either list', async () => {
      const { client } = await scripted(answer(404));
      expect(await client.referrers('shop/app', subject)).toEqual([]);
    });

    it.each(['http://elsewhere.test/v2/shop/app', '/v2/other/app', '/token'])(
      'does not follow a link to %s',
      async (target) => {
        const { client, requests } = await scripted(answer(200, { link: `<${target}>; rel="next"` }, list('a')));
        expect(await client.referrers('shop/app', subject)).toEqual(named('a'));
        expect(requests).toHaveLength(1);
      },
    );

    it('stops at an endless list', async () => {
      const { client, requests } = await scripted(answer(200, { link: `<${path}?n=1>; rel="next"` }, list('a')));
      expect(await client.referrers('shop/app', subject)).toHaveLength(16);
      expect(requests).toHaveLength(16);
    });

    it.each([
      ['no list', answer(200, {}, '{}'), 'MANIFEST_INVALID'],
      ['too long a list', answer(200, {}, Buffer.alloc(MAX_MANIFEST_BYTES + 1)), 'LIMIT_EXCEEDED'],
      ['a refusal', answer(403), 'REGISTRY_FORBIDDEN'],
    ])('fails for %s', async (_, step, code) => {
      const { client } = await scripted(step);
      expect((await failure(client.referrers('shop/app', subject))).code).toBe(code);
    });
  });

  describe('credentials', () => {
    const challenge = (realm: string) => ({
      'www-authenticate': `Bearer realm="${realm}",service="reg",scope="repository:*:*"`,
    });
    /** Accepts `authorization` and challenges all other requests. */
    const door =
      (
        authorization: string,
        headers: () => Record<string, string>,
        seen: (string | undefined)[] = [],
      ): RequestListener =>
      (request, response) => {
        seen.push(request.headers.authorization);
        const step = request.headers.authorization === authorization ? giveManifest : answer(401, headers());
        step(request, response);
      };

    it('are sent as Basic if the registry requests it, and cached', async () => {
      const seen: (string | undefined)[] = [];
      const url = await http(door(basic, () => ({ 'www-authenticate': 'Basic realm="r"' }), seen));
      const registry = client(url, { credentials });
      await registry.manifest('shop/app', 'a');
      await registry.manifest('shop/app', 'b');
      expect(seen).toEqual([undefined, basic, basic]);
    });

    it.each([
      ['buy a token', { credentials }, basic],
      ['are not needed for a public repository', {}, undefined],
    ])('get a token from %s of the registry itself, once for each repository', async (_what, connection, expected) => {
      const tokenRequests: [string | undefined, string | undefined][] = [];
      const seen: (string | undefined)[] = [];
      const url: string = await http((request, response) => {
        if (!request.url?.startsWith('/token'))
          return door('Bearer t0ken', () => challenge(`${url}/token?a=1`), seen)(request, response);
        tokenRequests.push([request.url, request.headers.authorization]);
        answer(200, {}, '{"token":"t0ken","expires_in":300}')(request, response);
      });
      const registry = client(url, connection);
      for (const repository of ['shop/app', 'shop/app', 'shop/web']) await registry.manifest(repository, 'latest');
      expect(seen).toEqual([undefined, 'Bearer t0ken', 'Bearer t0ken', undefined, 'Bearer t0ken']);
      expect(tokenRequests).toEqual([
        ['/token?a=1&service=reg&scope=repository%3Ashop%2Fapp%3Apull', expected],
        ['/token?a=1&service=reg&scope=repository%3Ashop%2Fweb%3Apull', expected],
      ]);
    });

    it.each([
      ['has expired', '{"access_token":"t0ken","expires_in":5}', 2],
      ['is short-lived by default', '{"access_token":"t0ken"}', 1],
      ['has no valid time', '{"access_token":"t0ken","expires_in":-1}', 1],
    ])('get a new token when the last one %s', async (_what, token, expected) => {
      let bought = 0;
      const url: string = await http((request, response) => {
        if (!request.url?.startsWith('/token'))
          return door('Bearer t0ken', () => challenge(`${url}/token`))(request, response);
        bought += 1;
        answer(200, {}, token)(request, response);
      });
      const registry = client(url);
      await registry.manifest('shop/app', 'a');
      await registry.manifest('shop/app', 'b');
      expect(bought).toBe(expected);
    });

    it('are tried once: a second 401 is final', async () => {
      const requests: (string | undefined)[] = [];
      const url: string = await http((request, response) => {
        requests.push(request.url);
        const step = request.url?.startsWith('/token')
          ? answer(200, {}, '{"token":"t0ken"}')
          : answer(401, challenge(`${url}/token`));
        step(request, response);
      });
      const error = await failure(client(url, { credentials }).manifest('shop/app', 'latest'));
      expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', retryable: false });
      expect(requests).toHaveLength(3);
      expect(inspect(error, { depth: 9 })).not.toMatch(/s3cret|t0ken/);
    });

    it.each([
      ['no challenge', {}],
      ['an unknown scheme', { 'www-authenticate': 'Negotiate' }],
      ['Basic, and there are none', { 'www-authenticate': 'Basic realm="r"' }],
    ])('cannot answer a 401 with %s', async (_what, headers) => {
      const { client, requests } = await scripted(answer(401, headers));
      expect(await failure(client.manifest('shop/app', 'latest'))).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
      expect(requests).toHaveLength(1);
    });

    it.each([
      [401, {}, '', { code: 'REGISTRY_UNAUTHORIZED', retryable: false }],
      [403, {}, '', { code: 'REGISTRY_UNAUTHORIZED', retryable: false }],
      [429, { 'retry-after': '60' }, '', { code: 'REGISTRY_TOKEN', retryable: true, retryAfterMs: 60_000 }],
      [500, {}, '', { code: 'REGISTRY_TOKEN', retryable: true }],
      [200, {}, '{}', { code: 'REGISTRY_TOKEN', retryable: true }],
      [200, {}, '{"token":"a b"}', { code: 'REGISTRY_TOKEN', retryable: true }],
      [200, {}, '[]', { code: 'REGISTRY_TOKEN', retryable: true }],
      [302, { location: 'http://127.0.0.1/' }, '', { code: 'EGRESS_REDIRECTS', retryable: false }],
    ])('fail when the token server answers %i %j %s', async (status, headers, body, expected) => {
      const url: string = await http((request, response) => {
        const step = request.url?.startsWith('/token')
          ? answer(status, headers, body)
          : answer(401, challenge(`${url}/token`));
        step(request, response);
      });
      expect(await failure(client(url, { credentials }).manifest('shop/app', 'latest'))).toMatchObject(expected);
    });

    describe('with a token server on another host', () => {
      async function tokenServer(host: string) {
        const seen: (string | undefined)[] = [];
        const url = await https(host, (request, response) => {
          seen.push(request.headers.authorization);
          answer(200, {}, '{"token":"t0ken"}')(request, response);
        });
        return { url, seen };
      }

      it('are sent only if the connection names it', async () => {
        const tokens = await tokenServer('blobs.test');
        const url = await https(
          'registry.test',
          door('Bearer t0ken', () => challenge(`${tokens.url}/token`)),
        );
        await client(url, { credentials, tokenHost: new URL(tokens.url).host }).manifest('shop/app', 'latest');
        expect(tokens.seen).toEqual([basic]);
      });

      it.each<[string, (host: string) => string | undefined]>([
        ['no tokenHost', () => undefined],
        ['the name without its port', () => 'blobs.test'],
        ['the end of the name', (host) => host.slice(1)],
        ['a longer name', (host) => `evil-${host}`],
      ])('are not sent with %s', async (_what, nameFor) => {
        const tokens = await tokenServer('blobs.test');
        const url = await https(
          'registry.test',
          door('never', () => challenge(`${tokens.url}/token`)),
        );
        const registry = new Egress({ allow: ['127.0.0.1'] }, async () => [{ address: '127.0.0.1', family: 4 }]);
        closers.push(() => registry.close());
        const tokenHost = nameFor(new URL(tokens.url).host);
        const connection = { name: 'test', url, ca: testCertificate.cert, credentials, tokenHost };
        const error = await failure(new RegistryClient(connection, registry).manifest('shop/app', 'latest'));
        expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
        expect(error.message).toContain(`token server ${new URL(tokens.url).host} unless tokenHost names it`);
        expect(tokens.seen).toEqual([undefined]);
      });

      it('are never sent over plain http', async () => {
        const seen: (string | undefined)[] = [];
        const tokens = await http((request, response) => {
          seen.push(request.headers.authorization);
          answer(200, {}, '{"token":"t0ken"}')(request, response);
        });
        const url = await http(door('Bearer t0ken', () => challenge(`${tokens}/token`)));
        await client(url, { credentials, tokenHost: new URL(tokens).host }).manifest('shop/app', 'latest');
        expect(seen).toEqual([undefined]);
      });

      it.each([
        ['https://inside.test/latest', 'EGRESS_REFUSED'],
        ['https://127.0.0.1:1/', 'EGRESS_REFUSED'], // the registry may be private, what it names may not
        ['http://registry.test/token', 'REGISTRY_CHALLENGE'],
        ['file:///etc/passwd', 'REGISTRY_CHALLENGE'],
        ['not a URL', 'REGISTRY_CHALLENGE'],
        ['https://robot:s3cret@registry.test/', 'EGRESS_REFUSED'],
      ])('are not sent to the realm %s', async (realm, code) => {
        const url = await https(
          'registry.test',
          door('never', () => challenge(realm)),
        );
        const error = await failure(client(url, { credentials }).manifest('shop/app', 'latest'));
        expect(error.code).toBe(code);
        expect(inspect(error, { depth: 9 })).not.toContain('s3cret');
      });
    });

    it('do not help against 403', async () => {
      const { client, requests } = await scripted(answer(403));
      expect(await failure(client.manifest('shop/app', 'latest'))).toMatchObject({
        code: 'REGISTRY_FORBIDDEN',
        retryable: false,
      });
      expect(requests).toHaveLength(1);
    });
  });

  describe('retries', () => {
    it('survive short failures', async () => {
      const { client, requests } = await scripted(
        answer(503),
        (request) => request.socket.destroy(),
        answer(500),
        giveManifest,
      );
      await expect(client.manifest('shop/app', 'latest')).resolves.toMatchObject({ digest: sha256(manifest) });
      expect(requests).toHaveLength(4);
    });

    it('end after four attempts', async () => {
      const { client, requests } = await scripted(answer(502));
      expect(await failure(client.manifest('shop/app', 'latest'))).toMatchObject({
        code: 'REGISTRY_UNAVAILABLE',
        retryable: true,
      });
      expect(requests).toHaveLength(4);
    });

    it('do not apply to malformed responses', async () => {
      const { client, requests } = await scripted(answer(418));
      expect(await failure(client.manifest('shop/app', 'latest'))).toMatchObject({
        code: 'REGISTRY_UNEXPECTED',
        retryable: true,
      });
      expect(requests).toHaveLength(1);
    });

    it.each([
      ['seconds', () => '1'],
      ['a date', () => new Date(Date.now() + 2_000).toUTCString()],
    ])('wait as long as %s of Retry-After requests, for every request', async (_what, retryAfter) => {
      const times: number[] = [];
      const { client } = await scripted(
        (request, response) => {
          times.push(performance.now());
          answer(429, { 'retry-after': retryAfter() })(request, response);
        },
        (request, response) => {
          times.push(performance.now());
          giveManifest(request, response);
        },
      );
      const first = client.manifest('shop/app', 'latest');
      while (times.length === 0) await new Promise((done) => setTimeout(done, 5));
      await new Promise((done) => setTimeout(done, 50));
      await Promise.all([first, client.manifest('shop/web', 'latest')]);
      const [refused = 0, ...later] = times;
      expect(later).toHaveLength(2);
      for (const time of later) expect(time - refused).toBeGreaterThanOrEqual(950);
    });

    it.each([
      ['60', 60_000],
      ['86400', 300_000],
    ])('leave a Retry-After of %s s to the caller without a request in between', async (retryAfter, expectedMs) => {
      const { client, requests } = await scripted(answer(503, { 'retry-after': retryAfter }));
      for (const repository of ['shop/app', 'shop/web']) {
        const error = (await failure(client.manifest(repository, 'latest'))) as Unavailable;
        expect(error).toMatchObject({ code: 'REGISTRY_BUSY', retryable: true });
        expect(error.retryAfterMs).toBeGreaterThan(expectedMs - 5_000);
        expect(error.retryAfterMs).toBeLessThanOrEqual(expectedMs);
      }
      expect(requests).toHaveLength(1);
    });

    it('end at once when the caller stops', async () => {
      const { client } = await scripted(answer(429, { 'retry-after': '4' }));
      const stopped = client.manifest('shop/app', 'latest', AbortSignal.timeout(100));
      expect(await failure(stopped)).toMatchObject({ code: 'EGRESS_TIMEOUT' });
    });
  });

  describe('blob', () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7919) % 251));
    const whole = { digest: sha256(bytes), size: bytes.length };
    const rangeOf = ({ headers }: IncomingMessage) => Number(/^bytes=(\d+)-$/.exec(headers.range ?? 'bytes=0-')?.[1]);

    /**
     * Sends up to `count` bytes from where the client wants to go on, then breaks the connection.
     */
    const breakAfter =
      (count: number, { ranges = true, hang = false } = {}) =>
      (request: IncomingMessage, response: ServerResponse) => {
        const from = ranges ? rangeOf(request) : 0;
        response.writeHead(from > 0 ? 206 : 200, {
          'content-length': bytes.length - from,
          ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
        });
        const part = bytes.subarray(from, from + count);
        if (from + count >= bytes.length) response.end(part);
        else response.write(part, () => hang || setTimeout(() => response.destroy(), 20));
      };
    const rest = breakAfter(Infinity);

    it('streams the requested bytes', async () => {
      const { client, requests } = await scripted(rest);
      expect((await readAll(client.blob('shop/app', whole))).equals(bytes)).toBe(true);
      expect(requests.map(({ url }) => url)).toEqual([`/v2/shop/app/blobs/${whole.digest}`]);
    });

    it('may be empty', async () => {
      const { client } = await scripted(answer(200));
      expect(await readAll(client.blob('shop/app', { digest: sha256(''), size: 0 }))).toHaveLength(0);
    });

    it('resumes where the connection broke', async () => {
      const { client, requests } = await scripted(breakAfter(50_000), breakAfter(70_000), rest);
      expect((await readAll(client.blob('shop/app', whole))).equals(bytes)).toBe(true);
      expect(requests.map(rangeOf)).toEqual([0, 50_000, 120_000]);
    });

    it('resumes where the server stopped sending', async () => {
      const { url, requests } = await scripted(breakAfter(50_000, { hang: true }), rest);
      const read = readAll(client(url, { idleTimeoutMs: 200 }).blob('shop/app', whole));
      expect((await read).equals(bytes)).toBe(true);
      expect(requests.map(rangeOf)).toEqual([0, 50_000]);
    });

    it('resumes with a server without ranges, without duplicate bytes', async () => {
      const { client } = await scripted(
        breakAfter(50_000, { ranges: false }),
        breakAfter(90_000, { ranges: false }),
        (_, response) => response.end(bytes),
      );
      expect((await readAll(client.blob('shop/app', whole))).equals(bytes)).toBe(true);
    });

    it('is rejected when a second connection sends another file', async () => {
      const { client } = await scripted(breakAfter(50_000), (request, response) => {
        const from = rangeOf(request);
        const headers = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
        answer(206, headers, Buffer.alloc(bytes.length - from))(request, response);
      });
      expect(await failure(readAll(client.blob('shop/app', whole)))).toMatchObject({ code: 'DIGEST_MISMATCH' });
    });

    it('fails after four connections without progress', async () => {
      const { client, requests } = await scripted(breakAfter(10));
      const error = await failure(readAll(client.blob('shop/app', whole)));
      expect(error).toMatchObject({ code: 'EGRESS_UNREACHABLE', retryable: true });
      expect(requests).toHaveLength(4);
    });

    it('may break often while it makes progress', async () => {
      const big = Buffer.alloc(7 * 1024 * 1024, 'layer');
      const { client, requests } = await scripted((request, response) => {
        const from = rangeOf(request);
        const upTo = from + 1024 * 1024 + 1;
        response.writeHead(from ? 206 : 200, {
          'content-length': big.length - from,
          ...(from ? { 'content-range': `bytes ${from}-${big.length - 1}/*` } : {}),
        });
        if (upTo >= big.length) response.end(big.subarray(from));
        else response.write(big.subarray(from, upTo), () => setTimeout(() => response.destroy(), 20));
      });
      const read = readAll(client.blob('shop/app', { digest: sha256(big), size: big.length }));
      expect((await read).equals(big)).toBe(true);
      expect(requests.length).toBeGreaterThan(4);
    });

    it.each<[string, (...exchange: Exchange) => void, string, number]>([
      ['other bytes', answer(200, {}, Buffer.alloc(bytes.length)), 'DIGEST_MISMATCH', 1],
      [
        'a declared length that is too long',
        answer(200, { 'content-length': `${bytes.length + 1}` }, Buffer.alloc(bytes.length + 1)),
        'SIZE_MISMATCH',
        1,
      ],
      ['a declared length that is too short', answer(200, { 'content-length': '3' }, 'abc'), 'SIZE_MISMATCH', 1],
      [
        'a byte too many',
        answer(200, { 'transfer-encoding': 'chunked' }, Buffer.concat([bytes, Buffer.from('x')])),
        'SIZE_MISMATCH',
        1,
      ],
      [
        'too few bytes, again and again',
        answer(200, { 'transfer-encoding': 'chunked' }, bytes.subarray(0, -1)),
        'SIZE_MISMATCH',
        4,
      ],
      [
        'an unasked range',
        answer(206, { 'content-range': `bytes 5-199999/200000` }, bytes.subarray(5)),
        'REGISTRY_UNEXPECTED',
        1,
      ],
      ['a range without numbers', answer(206, { 'content-range': 'bytes */*' }, bytes), 'REGISTRY_UNEXPECTED', 1],
      ['nothing', answer(404), 'BLOB_UNKNOWN', 1],
    ])('is rejected with %s', async (_what, step, code, attempts) => {
      const { client, requests } = await scripted(step);
      expect((await failure(readAll(client.blob('shop/app', whole)))).code).toBe(code);
      expect(requests).toHaveLength(attempts);
    });

    it('fails as too short if the server has no more bytes', async () => {
      const { client } = await scripted(answer(200, { 'transfer-encoding': 'chunked' }, 'short'), answer(416));
      expect(await failure(readAll(client.blob('shop/app', whole)))).toMatchObject({
        code: 'SIZE_MISMATCH',
        retryable: false,
      });
    });

    it('never yields more bytes than declared', async () => {
      const { client } = await scripted((_request, response) => {
        const write = () => {
          while (!response.destroyed && response.write(bytes));
        };
        response.on('drain', write);
        write();
      });
      let read = 0;
      const reading = (async () => {
        for await (const chunk of client.blob('shop/app', whole)) read += chunk.length;
      })();
      expect(await failure(reading)).toMatchObject({ code: 'SIZE_MISMATCH' });
      expect(read).toBeLessThanOrEqual(whole.size);
    });

    it.each([
      ['another digest', { digest: 'sha512:00', size: 1 }, 'REFERENCE_INVALID'],
      ['a negative size', { digest: whole.digest, size: -1 }, 'SIZE_MISMATCH'],
      ['half a byte', { digest: whole.digest, size: 0.5 }, 'SIZE_MISMATCH'],
      ['a huge size', { digest: whole.digest, size: 2 ** 60 }, 'SIZE_MISMATCH'],
    ])('is not requested with %s', async (_what, descriptor, code) => {
      const { client, requests } = await scripted(rest);
      expect(() => client.blob('shop/app', descriptor)).toThrow(expect.objectContaining({ code }));
      expect(requests).toHaveLength(0);
    });

    it('stops with its reader', async () => {
      const { client } = await scripted(breakAfter(50_000, { hang: true }));
      const stop = new AbortController();
      const reading = readAll(client.blob('shop/app', whole, stop.signal));
      setTimeout(() => stop.abort(new Error('enough')), 100);
      await expect(reading).rejects.toThrow('enough');
    });

    describe('in another blob store', () => {
      /** A registry that wants Basic credentials and sends its readers to `target`. */
      const registryFor = (target: () => string) =>
        http((request, response) => {
          const isIn = request.headers.authorization === basic;
          const step = isIn
            ? answer(307, { location: target() })
            : answer(401, { 'www-authenticate': 'Basic realm="r"' });
          step(request, response);
        });

      it('is read without our credentials, also after a break', async () => {
        const seen: [string | undefined, number][] = [];
        const store = await http((request, response) => {
          seen.push([request.headers.authorization, rangeOf(request)]);
          (seen.length === 1 ? breakAfter(50_000) : rest)(request, response);
        });
        const url = await registryFor(() => `${store}/blob?signature=s3cret`);
        expect(
          (await readAll(client(url, { credentials }, [new URL(store).host]).blob('shop/app', whole))).equals(bytes),
        ).toBe(true);
        expect(seen).toEqual([
          [undefined, 0],
          [undefined, 50_000],
        ]);
      });

      it('is requested again when its URL has expired; its challenges are not answered', async () => {
        const paths: (string | undefined)[] = [];
        const store = await http((request, response) => {
          paths.push(request.url);
          const step =
            paths.length === 1
              ? answer(401, { 'www-authenticate': 'Basic realm="give me"' })
              : paths.length === 2
                ? answer(403)
                : rest;
          step(request, response);
        });
        const url = await registryFor(() => `${store}/${paths.length}`);
        expect(await readAll(client(url, { credentials }, [new URL(store).host]).blob('shop/app', whole))).toHaveLength(
          whole.size,
        );
        expect(paths).toEqual(['/0', '/1', '/2']);
      });

      it.each([
        ['https://inside.test/', 'EGRESS_REFUSED'],
        ['/v2/loop', 'EGRESS_REDIRECTS'],
      ])('at %s is rejected', async (target, code) => {
        const url = await registryFor(() => target);
        expect((await failure(readAll(client(url, { credentials }).blob('shop/app', whole)))).code).toBe(code);
      });
    });
  });

  describe('lists', () => {
    const page = (names: string[], link?: string) =>
      answer(200, { 'content-type': 'application/json', ...(link && { link }) }, JSON.stringify({ tags: names }));

    it('follow the link to the next page, within the same list only', async () => {
      const { client: registry, requests } = await scripted(
        page(['1'], '</v2/shop/app/tags/list?last=1&n=1000>; rel="next"'),
        page(['2'], '</v2/shop/other/tags/list?last=2>; rel="next"'),
      );
      expect(await Array.fromAsync(registry.tags('shop/app'))).toEqual(['1', '2']);
      expect(requests.map(({ url }) => url)).toEqual([
        '/v2/shop/app/tags/list?n=1000',
        '/v2/shop/app/tags/list?last=1&n=1000',
      ]);
    });

    it('follow no link to another host, which would get our credentials', async () => {
      const { client: registry, requests } = await scripted(
        page(['1'], '<http://evil.example/v2/shop/app/tags/list?last=1>; rel="next"'),
      );
      expect(await Array.fromAsync(registry.tags('shop/app'))).toEqual(['1']);
      expect(requests).toHaveLength(1);
    });

    it('may be null, as of a repository whose tags are all deleted', async () => {
      const { client: registry } = await scripted(answer(200, {}, '{"name":"shop/app","tags":null}'));
      expect(await Array.fromAsync(registry.tags('shop/app'))).toEqual([]);
    });

    it.each([
      ['is no list', answer(200, {}, '{"tags":[1]}'), 'REGISTRY_UNEXPECTED'],
      ['is not there', answer(404), 'NAME_UNKNOWN'],
      ['is not ours to see', answer(403), 'REGISTRY_FORBIDDEN'],
    ])('report the problem when the catalog %s', async (_what, step, code) => {
      const { client: registry } = await scripted(step);
      expect(await failure(Array.fromAsync(registry.repositories()))).toMatchObject({ code });
    });

    it('end for any response', async () => {
      const { client: registry } = await scripted(page([], '</v2/shop/app/tags/list?n=1>; rel="next"'));
      expect(await failure(Array.fromAsync(registry.tags('shop/app')))).toMatchObject({
        code: 'LIMIT_EXCEEDED',
        limit: 'LIST_PAGES',
      });
    });
  });
});
