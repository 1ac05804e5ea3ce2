import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import {
  buildImage,
  describeWith,
  programs,
  pushImage,
  startHttpServer,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import type { RegistryConnection } from './connection.js';
import { checkRegistry, maxListed } from './registry-check.js';

const password = 's3cret-of-robot';
const credentials = { username: 'robot', password: new Secret(password) };

describe('checkRegistry', () => {
  const egress = new Egress({ allow: [] });
  const closers: (() => Promise<unknown>)[] = [];

  afterAll(async () => {
    await Promise.all(closers.map((close) => close()));
    await egress.close();
  });

  const listen = async (listener: RequestListener): Promise<string> => {
    const { port, stop } = await startHttpServer(listener);
    closers.push(stop);
    return `http://127.0.0.1:${port}`;
  };

  /** Outcomes by their step: `passed`, `passed 2`, or the code of a failure. */
  const check = async (connection: Partial<RegistryConnection>, repository?: string) => {
    const steps = await checkRegistry(
      { name: 'test', url: 'http://127.0.0.1:1', allowPrivate: true, ...connection },
      egress,
      { repository, signal: AbortSignal.timeout(10_000) },
    );
    expect(JSON.stringify(steps)).not.toContain(password);
    return Object.fromEntries(
      steps.map(({ step, state, code, listed }) => [step, code ?? (listed === null ? state : `${state} ${listed}`)]),
    );
  };

  describeWith(programs('docker-registry', 'skopeo'))('with a real registry', () => {
    let registry: TestRegistry;
    let dir: string;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'tidewaiter-check-'));
      registry = await startRegistry({ auth: { username: 'robot', password } });
      await buildImage(dir, { layers: [Buffer.from('not really a tar')] });
      for (const name of ['shop/app:1', 'shop/app:2', 'shop/web:1'])
        await pushImage(registry, name, `oci:${dir}:latest`);
    });

    afterAll(async () => {
      await registry.stop();
      await rm(dir, { recursive: true });
    });

    it('passes every step with its credentials', async () => {
      expect(await check({ url: registry.url, credentials })).toEqual({
        ...{ connection: 'passed', authentication: 'passed' },
        ...{ catalog: 'passed 2', tags: 'passed 2' },
      });
      expect(await check({ url: registry.url, credentials }, 'shop/web')).toMatchObject({ tags: 'passed 1' });
      expect(await check({ url: registry.url, credentials }, 'shop/none')).toMatchObject({ tags: 'NAME_UNKNOWN' });
    });

    it.each<[string, RegistryConnection['credentials']]>([
      ['a wrong password', { username: 'robot', password: new Secret('wrong') }],
      ['no credentials', undefined],
    ])('names the refusal of %s, and tries nothing after it', async (_, wrong) => {
      expect(await check({ url: registry.url, ...(wrong && { credentials: wrong }) })).toEqual({
        ...{ connection: 'passed', authentication: 'REGISTRY_UNAUTHORIZED' },
        ...{ catalog: 'skipped', tags: 'skipped' },
      });
    });
  });

  it('names an address that is not allowed, or does not answer', async () => {
    const url = await listen((_, response) => void response.end('{}'));
    expect(await check({ url, allowPrivate: false })).toMatchObject({
      ...{ connection: 'EGRESS_REFUSED', authentication: 'skipped' },
    });
    expect(await check({})).toMatchObject({ connection: 'EGRESS_UNREACHABLE' });
  });

  it.each<[string, RequestListener]>([
    [
      'a web application',
      (_, response) => void response.setHeader('content-type', 'text/html; charset=utf-8').end('<p>'),
    ],
    ['a server without the API', (_, response) => void response.writeHead(404).end()],
    ['a challenge without a scheme', (_, response) => void response.writeHead(401).end()],
  ])('takes %s for no registry', async (_, listener) => {
    expect(await check({ url: await listen(listener) })).toMatchObject({ connection: 'REGISTRY_UNEXPECTED' });
  });

  it('accepts an account of a token server that may not list the catalog', async () => {
    const scopes: (string | null)[] = [];
    const url = await listen((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://registry.test');
      if (pathname === '/token') {
        scopes.push(searchParams.get('scope'));
        const isGranted = searchParams.get('scope') !== 'registry:catalog:*';
        response.writeHead(isGranted ? 200 : 403).end(JSON.stringify(isGranted ? { token: 'granted' } : {}));
      } else if (request.headers.authorization !== 'Bearer granted') {
        const challenge = `Bearer realm="http://${request.headers.host ?? ''}/token",service="registry"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      } else if (pathname.endsWith('/tags/list')) response.end(JSON.stringify({ tags: ['1', '2', '3'] }));
      else response.end('{}');
    });
    expect(await check({ url, credentials }, 'shop/app')).toEqual({
      ...{ connection: 'passed', authentication: 'passed' },
      ...{ catalog: 'REGISTRY_UNAUTHORIZED', tags: 'passed 3' },
    });
    // The account itself is checked without a scope, which it may lack.
    expect(scopes).toEqual([null, 'registry:catalog:*', 'repository:shop/app:pull']);
  });

  it('reads no more names than it needs, and repeats none of them', async () => {
    const requests: string[] = [];
    const url = await listen((request, response) => {
      requests.push(request.url ?? '');
      const repositories = Array.from({ length: maxListed }, (_, index) => `${password}/${index}`);
      response.setHeader('link', '</v2/_catalog?n=1000&last=x>; rel="next"').end(JSON.stringify({ repositories }));
    });
    expect(await check({ url })).toMatchObject({ authentication: 'skipped', catalog: `passed ${maxListed}` });
    expect(requests.filter((path) => path.includes('_catalog'))).toHaveLength(1);
  });
});
