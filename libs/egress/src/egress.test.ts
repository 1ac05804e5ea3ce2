import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';

import { Secret, TidewaiterError } from '@tidewaiter/domain';
import { httpProxy, startHttpServer, testCertificate, type TestHttpServer } from '@tidewaiter/testkit';

import { Egress, type EgressRequest, type ResolveHost } from './egress.js';

const loopback: ResolveHost = async () => [{ address: '127.0.0.1', family: 4 }];

const closers: (() => Promise<unknown>)[] = [];
describe('Egress', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  function egress(allow: string[] = [], resolve: ResolveHost = loopback): Egress {
    const client = new Egress({ allow }, resolve);
    closers.push(() => client.close());
    return client;
  }

  async function listen(listener: RequestListener, tls?: typeof testCertificate): Promise<TestHttpServer> {
    const server = await startHttpServer(listener, tls);
    closers.push(server.stop);
    return server;
  }

  const http = async (listener: RequestListener) => (await listen(listener)).port;
  const https = async (listener: RequestListener) => (await listen(listener, testCertificate)).port;

  async function failure(work: Promise<unknown>): Promise<TidewaiterError> {
    const error = await work.then(
      () => new Error('nothing was thrown'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof TidewaiterError)) throw error;
    return error;
  }

  describe('addresses', () => {
    const toAll: RequestListener = (_request, response) => void response.end('reached');

    it.each([
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0x7f000001/',
      'http://0x7f.1/',
      'http://017700000001/',
      'http://0177.0.0.1/',
      'http://127.1/',
      'http://127.000.000.001/',
      'http://１２７.0.0.1/',
      'http://127。0。0。1/',
      'http://%31%32%37.0.0.1/',
      'http://0/',
      'http://0.0.0.0/',
      'http://10.0.0.1/',
      'http://172.16.0.1/',
      'http://192.168.1.1/',
      'http://100.64.0.1/',
      'http://169.254.169.254/latest/meta-data/',
      'http://2852039166/',
      'http://0xa9fea9fe/',
      'http://0251.0376.0251.0376/',
      'http://[::1]/',
      'http://[::]/',
      'http://[0:0:0:0:0:0:0:1]/',
      'http://[::ffff:127.0.0.1]/',
      'http://[::ffff:7f00:1]/',
      'http://[::ffff:169.254.169.254]/',
      'http://[::127.0.0.1]/',
      'http://[64:ff9b::7f00:1]/',
      'http://[64:ff9b::a9fe:a9fe]/',
      'http://[2002:7f00:1::]/',
      'http://[fe80::1]/',
      'http://[fd00::1]/',
      'http://[fd00:ec2::254]/',
      'http://[ff02::1]/',
      'http://224.0.0.1/',
      'http://255.255.255.255/',
      'http://168.63.129.16/',
      'http://100.100.100.200/',
      'http://localhost/',
      'http://LOCALHOST./',
      'http://127.0.0.1.nip.example/',
      'https://127.0.0.1/',
    ])('rejects %s', async (url) => {
      expect(await failure(egress().request(url))).toMatchObject({ code: 'EGRESS_REFUSED', retryable: false });
    });

    it.each([
      'ftp://example.com/',
      'file:///etc/passwd',
      'gopher://example.com/',
      'data:,x',
      'unix:/run/x.sock',
      'no url',
      'http://',
    ])('rejects %s, which is not HTTP', async (url) => {
      expect(await failure(egress().request(url))).toMatchObject({ code: 'EGRESS_REFUSED' });
    });

    it('names the address and the setting that allows it', async () => {
      const client = egress([], async () => [{ address: '10.1.2.3', family: 4 }]);
      expect((await failure(client.request('https://registry.example/v2/'))).message).toBe(
        'registry.example:443 resolves to a private address (10.1.2.3); allow it under egress.allow in tidewaiter.yaml',
      );
    });

    it('rejects a name that mixes public and private addresses', async () => {
      const client = egress([], async () => [
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
      expect(await failure(client.request('http://example.com/'))).toMatchObject({ code: 'EGRESS_REFUSED' });
    });

    it.each<[string, string[], EgressRequest]>([
      ['allowPrivate on the call', [], { allowPrivate: true }],
      ['the host in the allow list', ['registry.test'], {}],
      ['the CIDR in the allow list', ['127.0.0.0/8'], {}],
    ])('reaches a private address with %s', async (_name, allow, init) => {
      const port = await http(toAll);
      const response = await egress(allow).request(`http://registry.test:${port}/`, init);
      expect(await response.text(100)).toBe('reached');
    });

    it.each(['169.254.169.254', 'fe80::1', 'fd00:ec2::254', '0.0.0.0'])(
      'opens %s only by CIDR, neither by allowPrivate nor by name',
      async (address) => {
        const family = address.includes(':') ? 6 : 4;
        const resolve: ResolveHost = async () => [{ address, family }];
        const byName = egress(['metadata.test'], resolve).check('metadata.test', 80, { allowPrivate: true });
        expect(await failure(byName)).toMatchObject({ code: 'EGRESS_REFUSED' });
        const byRange = egress([`${address}/${family === 4 ? 32 : 128}`], resolve).check('metadata.test', 80);
        await expect(byRange).resolves.toEqual({ address, family });
      },
    );

    it('resolves once and connects to the checked address (DNS rebinding)', async () => {
      const asked: string[] = [];
      const answers = ['127.0.0.1', '127.0.0.9'];
      const port = await http((request, response) => void response.end(request.socket.localAddress));
      const client = egress([], async (host) => {
        asked.push(host);
        return [{ address: answers[asked.length - 1] ?? '169.254.169.254', family: 4 }];
      });
      const first = await client.request(`http://registry.test:${port}/`, { allowPrivate: true });
      expect(await first.text(100)).toBe('127.0.0.1');
      expect(asked).toEqual(['registry.test']);
      // 127.0.0.9 has no listener, and the keep-alive connection to 127.0.0.1 belongs to another
      // DNS answer.
      const second = client.request(`http://registry.test:${port}/`, { allowPrivate: true });
      expect(await failure(second)).toMatchObject({ code: 'EGRESS_UNREACHABLE', retryable: true });
      const third = client.request(`http://registry.test:${port}/`, { allowPrivate: true });
      expect(await failure(third)).toMatchObject({ code: 'EGRESS_REFUSED' });
    });

    it('tries the next address if the first does not answer', async () => {
      const port = await http(toAll);
      const client = egress([], async () => [
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]);
      const response = await client.request(`http://localhost:${port}/`, { allowPrivate: true });
      expect(await response.text(100)).toBe('reached');
    });

    it('sends the name in Host and in the TLS handshake', async () => {
      const port = await https((request, response) => {
        response.end(`${request.headers.host} ${(request.socket as TLSSocket & { servername: string }).servername}`);
      });
      const init = { allowPrivate: true, tls: { ca: testCertificate.cert } };
      const response = await egress().request(`https://registry.test:${port}/`, init);
      expect(await response.text(100)).toBe(`registry.test:${port} registry.test`);
    });

    it('reuses connections to the same addresses', async () => {
      const ports = new Set<number | undefined>();
      const port = await http((request, response) => {
        ports.add(request.socket.remotePort);
        response.end('x'.repeat(1000));
      });
      const client = egress();
      for (let turn = 0; turn < 10; turn += 1) {
        await (await client.request(`http://registry.test:${port}/`, { allowPrivate: true })).discard();
      }
      // Not 1: undici may ask for the next connection a moment before the last one is free.
      expect(ports.size).toBeLessThanOrEqual(2);
    });
  });

  describe('TLS certificates', () => {
    it('are rejected if untrusted, without a retry', async () => {
      const port = await https((_request, response) => void response.end());
      const request = egress().request(`https://registry.test:${port}/`, { allowPrivate: true });
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_UNTRUSTED', retryable: false });
    });

    it('are checked for the configured name', async () => {
      const port = await https((_request, response) => void response.end('yes'));
      const tls = {
        ca: testCertificate.cert,
        onlyCa: true,
        serverName: 'registry.test',
        minVersion: 'TLSv1.3' as const,
      };
      const response = await egress().request(`https://127.0.0.1:${port}/`, { allowPrivate: true, tls });
      expect(await response.text(10)).toBe('yes');
    });

    it('are rejected for another name', async () => {
      const port = await https((_request, response) => void response.end());
      const init = { allowPrivate: true, tls: { ca: testCertificate.cert } };
      const request = egress().request(`https://other.test:${port}/`, init);
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_UNTRUSTED' });
    });

    it('are not checked with insecure, on connections of their own', async () => {
      const port = await https((_request, response) => void response.end('in'));
      const client = egress();
      const lax = { allowPrivate: true, tls: { insecureSkipVerify: true } };
      expect(await (await client.request(`https://other.test:${port}/`, lax)).text(10)).toBe('in');
      const strict = client.request(`https://other.test:${port}/`, { allowPrivate: true });
      expect(await failure(strict)).toMatchObject({ code: 'EGRESS_UNTRUSTED' });
    });
  });

  describe('a proxy', () => {
    const proxyHere = async () => {
      const proxy = await httpProxy();
      closers.push(proxy.stop);
      return proxy;
    };
    /** The name of a host that only the proxy can resolve. */
    const unresolvable: ResolveHost = async (host) => {
      throw Object.assign(new Error(host), { code: 'ENOTFOUND' });
    };
    const greet: RequestListener = (request, response) => void response.end(`hello ${request.headers.host}`);

    it('tunnels https, with the certificate checked', async () => {
      const [proxy, port] = [await proxyHere(), await https(greet)];
      const init = { proxy: { url: proxy.url }, allowPrivateProxy: true, tls: { ca: testCertificate.cert } };
      const client = egress([], unresolvable);
      const response = await client.request(`https://registry.test:${port}/`, init);
      expect(await response.text(100)).toBe(`hello registry.test:${port}`);
      expect(proxy.asked).toMatchObject([{ what: `CONNECT registry.test:${port}` }]);
      const error = await failure(client.request(`https://other.test:${port}/`, init));
      expect(error.code).toBe('EGRESS_UNTRUSTED');
    });

    it('forwards http, with our identity', async () => {
      const [proxy, port] = [await proxyHere(), await http(greet)];
      const response = await egress([], unresolvable).request(`http://hooks.example.com:${port}/x?y`, {
        proxy: { url: proxy.url, authorization: new Secret('Basic dTpw'), headers: { 'x-team': new Secret('a') } },
        allowPrivateProxy: true,
      });
      expect(await response.text(100)).toBe(`hello hooks.example.com:${port}`);
      expect(proxy.asked).toMatchObject([
        {
          what: `GET http://hooks.example.com:${port}/x?y`,
          headers: { 'proxy-authorization': 'Basic dTpw', 'x-team': 'a' },
        },
      ]);
    });

    it('may refuse, and then nothing was sent', async () => {
      const [proxy, port] = [await proxyHere(), await http(greet)];
      proxy.refuse(407);
      const init = { proxy: { url: proxy.url }, allowPrivateProxy: true };
      for (const url of [`https://registry.test:${port}/`, `http://registry.test:${port}/`]) {
        const error = await failure(egress([], unresolvable).request(url, init));
        expect(error).toMatchObject({ code: 'EGRESS_PROXY', retryable: true });
      }
    });

    it('is checked like any host, and opens no forbidden address', async () => {
      const [proxy, port] = [await proxyHere(), await http(greet)];
      const through = { proxy: { url: proxy.url } };
      expect(await failure(egress().request(`http://hooks.example.com:${port}/`, through))).toMatchObject({
        code: 'EGRESS_REFUSED',
      });
      for (const host of ['127.0.0.1', '169.254.169.254'])
        expect(
          await failure(egress().request(`http://${host}:${port}/`, { ...through, allowPrivateProxy: true })),
        ).toMatchObject({ code: 'EGRESS_REFUSED' });
      expect(proxy.asked).toEqual([]);
    });
  });

  describe('redirects', () => {
    const seen: {
      host: string | undefined;
      method: string | undefined;
      headers: Record<string, unknown>;
      body: string;
    }[] = [];
    const record: RequestListener = (request, response) =>
      void text(request).then((body) => answer(request, response, body));
    const answer = (request: IncomingMessage, response: ServerResponse, body: string) => {
      seen.push({ host: request.headers.host, method: request.method, headers: request.headers, body });
      const target = new URL(request.url ?? '', 'http://x').searchParams.get('to');
      if (target) response.writeHead(Number(request.url?.slice(1, 4)), { location: target }).end('moved');
      else response.end('arrived');
    };
    const credentials = { authorization: new Secret('Bearer s3cret') };
    const to = (status: number, target: string) => `/${status}?to=${encodeURIComponent(target)}`;

    beforeEach(() => void seen.splice(0));

    it('are errors unless requested', async () => {
      const port = await http(record);
      const request = egress().request(`http://a.test:${port}${to(302, '/end')}`, { allowPrivate: true });
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_REDIRECTS' });
      expect(seen).toHaveLength(1);
    });

    it('stop at the limit', async () => {
      const port = await http((_request, response) => void response.writeHead(307, { location: '/again' }).end());
      const init = { allowPrivate: true, maxRedirects: 5 };
      expect(await failure(egress().request(`http://a.test:${port}/`, init))).toMatchObject({
        code: 'EGRESS_REDIRECTS',
      });
    });

    it('keep credentials on the same origin', async () => {
      const port = await http(record);
      const init = { allowPrivate: true, maxRedirects: 1, credentials };
      const response = await egress().request(`http://a.test:${port}${to(307, '/end')}`, init);
      expect(response.url).toBe(`http://a.test:${port}/end`);
      expect(seen.map(({ headers }) => headers['authorization'])).toEqual(['Bearer s3cret', 'Bearer s3cret']);
    });

    it('do not reach another private host, even if the first one may be private', async () => {
      const port = await http(record);
      const init = { allowPrivate: true, maxRedirects: 5 };
      const request = egress().request(`http://a.test:${port}${to(302, `http://inside.test:${port}/end`)}`, init);
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_REFUSED' });
      expect(seen).toHaveLength(1);
    });

    it('do not reach another port of a private host, which may be a server beside the registry', async () => {
      const [port, neighbor] = [await http(record), await http(record)];
      const request = egress().request(`http://a.test:${port}${to(307, `http://a.test:${neighbor}/end`)}`, {
        allowPrivate: true,
        maxRedirects: 5,
      });
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_REFUSED' });
      expect(seen).toHaveLength(1);
    });

    it.each(['another host', 'another port'])(
      'drop credentials and cookies on the way to %s, also on the way back',
      async (where) => {
        const port = await http(record);
        const elsewhere =
          where === 'another port' ? `http://a.test:${await http(record)}` : `http://a.test.evil.test:${port}`;
        const back = `http://a.test:${port}/end`;
        const init = {
          allowPrivate: true,
          maxRedirects: 2,
          credentials,
          headers: { Cookie: 'session=s3cret', 'X-Kept': '1' },
        };
        const allow = [where === 'another port' ? new URL(elsewhere).host : 'a.test.evil.test'];
        await egress(allow).request(`http://a.test:${port}${to(302, elsewhere + to(302, back))}`, init);
        expect(seen.map(({ headers }) => [headers['authorization'], headers['cookie'], headers['x-kept']])).toEqual([
          ['Bearer s3cret', 'session=s3cret', '1'],
          [undefined, undefined, '1'],
          [undefined, undefined, '1'],
        ]);
      },
    );

    it.each([
      'http://169.254.169.254/latest',
      'http://metadata.test/',
      '//10.0.0.1/',
      'http://user:pass@a.test/',
      'file:///etc/passwd',
      'http://[::bad',
    ])('to %s are rejected', async (target) => {
      const port = await http(record);
      const resolve: ResolveHost = async (host) => [
        { address: host === 'metadata.test' ? '169.254.169.254' : '127.0.0.1', family: 4 },
      ];
      const request = egress(['127.0.0.1'], resolve).request(`http://a.test:${port}${to(302, target)}`, {
        maxRedirects: 5,
      });
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_REFUSED' });
    });

    it('from https to http are rejected', async () => {
      const port = await https(record);
      const init = { allowPrivate: true, maxRedirects: 5, tls: { ca: testCertificate.cert } };
      const request = egress().request(`https://registry.test:${port}${to(302, 'http://registry.test/')}`, init);
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_REFUSED' });
    });

    it.each([
      [301, 'POST', 'GET', ''],
      [302, 'POST', 'GET', ''],
      [303, 'PUT', 'GET', ''],
      [303, 'HEAD', 'HEAD', ''],
      [307, 'POST', 'POST', 'hello'],
      [308, 'PUT', 'PUT', 'hello'],
    ])('with status %i turn %s into %s', async (status, method, then, body) => {
      const port = await http(record);
      const init = { allowPrivate: true, maxRedirects: 1, method, ...(method === 'HEAD' ? {} : { body: 'hello' }) };
      await (await egress().request(`http://a.test:${port}${to(status, '/end')}`, init)).discard();
      expect(seen[1]).toMatchObject({ method: then, body });
    });
  });

  describe('responses', () => {
    const call = (port: number, init: EgressRequest = {}) =>
      egress().request(`http://a.test:${port}/`, { allowPrivate: true, ...init });

    it('return status, headers and bytes', async () => {
      const port = await http((_request, response) => {
        response.writeHead(418, { 'X-Kind': 'teapot', 'Set-Cookie': ['a=1', 'b=2'] }).end('{"a":[1]}');
      });
      const response = await call(port);
      expect(response).toMatchObject({ status: 418, headers: { 'x-kind': 'teapot', 'set-cookie': 'a=1, b=2' } });
      expect(await response.json(9)).toEqual({ a: [1] });
    });

    it('may be exactly as long as the limit', async () => {
      const port = await http((_request, response) => void response.end('12345'));
      expect(await (await call(port)).text(5)).toBe('12345');
      expect(await failure((await call(port)).text(4))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    });

    it('are cut at the limit for any length', async () => {
      const port = await http((_request, response) => {
        const write = () => {
          while (!response.destroyed && response.write('x'.repeat(10_000)));
        };
        response.on('drain', write);
        write();
      });
      const error = await failure((await call(port)).text(50_000));
      expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'responseBytes' });
      await expect((await call(port)).discard()).resolves.toBeUndefined();
    });

    it('that are not JSON give an error that does not quote them', async () => {
      const port = await http((_request, response) => void response.end('t0ken'));
      const error = await failure((await call(port)).json(100));
      expect(error).toMatchObject({ code: 'EGRESS_NOT_JSON' });
      expect(inspect(error, { depth: 9 })).not.toContain('t0ken');
    });

    it('that break off give an error', async () => {
      const port = await http((_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half');
        setTimeout(() => response.destroy(), 20);
      });
      expect(await failure((await call(port)).text(1000))).toMatchObject({
        code: 'EGRESS_UNREACHABLE',
        retryable: true,
      });
    });

    it.each([
      ['headers', { headersTimeoutMs: 100 }, 0],
      ['the next bytes', { bodyIdleTimeoutMs: 100 }, 1],
    ])('that wait for %s time out', async (_what, init, headers) => {
      const port = await http((_request, response) => void (headers && response.writeHead(200).write('start')));
      const read = async () => (await call(port, init)).text(1000);
      expect(await failure(read())).toMatchObject({ code: 'EGRESS_TIMEOUT', retryable: true });
    });

    it('stop when the caller stops', async () => {
      const port = await http((_request, response) => void response.writeHead(200).write('start'));
      const stop = new AbortController();
      const response = await call(port, { signal: stop.signal });
      setTimeout(() => stop.abort(new Error('enough')), 20);
      await expect(response.text(1000)).rejects.toThrow('enough');
      await expect(call(port, { signal: stop.signal })).rejects.toThrow('enough');
    });

    it("that miss the caller's deadline count as timeouts", async () => {
      const port = await http(() => undefined);
      expect(await failure(call(port, { signal: AbortSignal.timeout(50) }))).toMatchObject({ code: 'EGRESS_TIMEOUT' });
    });

    it('stop during name resolution', async () => {
      const client = egress([], () => new Promise(() => undefined));
      const request = client.request('http://slow.test/', { signal: AbortSignal.timeout(50) });
      expect(await failure(request)).toMatchObject({ code: 'EGRESS_TIMEOUT' });
    });
  });

  describe('secrets', () => {
    const secrets = ['s3cret', 'T000', 'hook'];
    const resolve: ResolveHost = async (host) => {
      if (host === 'gone.test')
        throw Object.assign(new Error('getaddrinfo ENOTFOUND gone.test'), { code: 'ENOTFOUND' });
      return [{ address: host === 'inside.test' ? '10.0.0.1' : '127.0.0.1', family: 4 }];
    };

    it.each([
      ['an unknown name', 'https://gone.test/services/T000/s3cret?hook=s3cret', 'EGRESS_UNREACHABLE'],
      ['a private address', 'https://inside.test/services/T000/s3cret?hook=s3cret', 'EGRESS_REFUSED'],
      ['a closed port', 'http://a.test:1/services/T000/s3cret?hook=s3cret', 'EGRESS_UNREACHABLE'],
      ['a user in the URL', 'https://hook:s3cret@a.test/services/T000', 'EGRESS_REFUSED'],
      ['another scheme', 'ftp://hook:s3cret@a.test/services/T000', 'EGRESS_REFUSED'],
      ['a URL that is none', 'https://hook:s3cret@a.test:port/services/T000', 'EGRESS_REFUSED'],
    ])('are not in the error for %s', async (_name, url, code) => {
      const init = { credentials: { authorization: new Secret('Basic s3cret') }, body: 's3cret', method: 'POST' };
      const error = await failure(egress(['127.0.0.1'], resolve).request(url, init));
      expect(error.code).toBe(code);
      const shown = inspect(error, { depth: 9, showHidden: true }).replaceAll(/^ +at .*$/gm, '');
      for (const secret of secrets) expect(shown).not.toContain(secret);
    });

    it('cannot add a second header', async () => {
      const port = await http((_request, response) => void response.end());
      const init = { credentials: { authorization: new Secret('Basic s3cret\r\nX-Evil: 1') }, allowPrivate: true };
      const error = await failure(egress().request(`http://a.test:${port}/`, init));
      expect(error).toMatchObject({ code: 'EGRESS_REQUEST', retryable: false });
      expect(inspect(error, { depth: 9 })).not.toContain('s3cret');
    });
  });

  describe('check', () => {
    it('returns the address to connect to', async () => {
      await expect(egress().check('mail.test', 25, { allowPrivate: true })).resolves.toEqual({
        address: '127.0.0.1',
        family: 4,
      });
      await expect(egress().check('8.8.8.8', 25)).resolves.toEqual({ address: '8.8.8.8', family: 4 });
    });

    it('rejects private hosts and names without an address', async () => {
      expect(await failure(egress().check('mail.test', 25))).toMatchObject({ code: 'EGRESS_REFUSED' });
      const nowhere = egress([], async () => []).check('mail.test', 25);
      expect(await failure(nowhere)).toMatchObject({ code: 'EGRESS_UNREACHABLE' });
    });

    it('resolves with the system by default', async () => {
      const client = new Egress({ allow: [] });
      const { address } = await client.check('localhost', 25, { allowPrivate: true });
      expect(['127.0.0.1', '::1']).toContain(address);
    });
  });

  it('limits connections to 64 origins and lets running requests finish', async () => {
    const sockets = new Set<object>();
    let finish: (() => void) | undefined;
    const { server, port } = await listen((request, response) => {
      if (request.url !== '/slow') return void response.end();
      response.write('first ');
      finish = () => response.end('last');
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    const client = egress();
    const slow = await client.request(`http://slow.test:${port}/slow`, { allowPrivate: true });
    for (let host = 0; host < 70; host += 1) {
      await (await client.request(`http://h${host}.test:${port}/`, { allowPrivate: true })).discard();
    }
    finish?.();
    expect(await slow.text(100)).toBe('first last');
    await new Promise((done) => setTimeout(done, 50));
    expect(sockets.size).toBeLessThanOrEqual(64);
    await client.close();
    await new Promise((done) => setTimeout(done, 50));
    expect(sockets.size).toBe(0);
  });
});
