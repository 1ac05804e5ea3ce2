import { createHash } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';

import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer } from '@tidewaiter/testkit';

import { RegistryClient } from './client.js';
import type { RegistryConnection } from './connection.js';

const credentials = { username: 'robot', password: new Secret('s3cret') };
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const blob = { digest: `sha256:${createHash('sha256').update('layer').digest('hex')}`, size: 5 };

/** Addresses that a registry on `127.0.0.1` may name; `PORT` is a server beside it. */
const targets = [
  'http://127.0.0.1:PORT/x',
  'http://localhost:PORT/x',
  'http://registry.test:PORT/x',
  'http://neighbor.test:PORT/x',
  'http://127.1:PORT/x',
  'http://2130706433:PORT/x',
  'http://0x7f000001:PORT/x',
  'http://0177.0.0.1:PORT/x',
  'http://127.0.0.2:PORT/x',
  'http://0.0.0.0:PORT/x',
  'http://[::1]:PORT/x',
  'http://[::]:PORT/x',
  'http://[::ffff:127.0.0.1]:PORT/x',
  'http://[64:ff9b::7f00:1]:PORT/x',
  'http://[2002:7f00:1::]:PORT/x',
  'http://mixed.test:PORT/x',
  'http://rebind.test:PORT/x',
  'http://10.0.0.1:PORT/x',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://metadata.test/latest/meta-data/',
  'http://robot:s3cret@127.0.0.1:PORT/x',
  'file:///etc/passwd',
  'gopher://127.0.0.1:PORT/x',
] as const;

type Answer = (response: ServerResponse, target: string) => void;

const moved =
  (status: number): Answer =>
  (response, location) =>
    void response.writeHead(status, { location }).end();
const challenged: Answer = (response, realm) =>
  void response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="registry"` }).end();

interface Mechanism {
  name: string;
  /** Answers the request, whose path it may look at; the target is where it sends the client. */
  answer: Answer;
  call(client: RegistryClient): Promise<unknown>;
  connection?: Partial<RegistryConnection>;
}

const readBlob = async (client: RegistryClient, descriptor = blob) => {
  for await (const _ of client.blob('shop/app', descriptor, AbortSignal.timeout(20_000)));
};

const mechanisms: Mechanism[] = [
  {
    name: 'a redirect of a manifest',
    answer: moved(307),
    call: async (client) => client.manifest('shop/app', '1.0'),
  },
  { name: 'a redirect of HEAD', answer: moved(302), call: async (client) => client.resolve('shop/app', '1.0') },
  { name: 'a redirect of a blob', answer: moved(307), call: async (client) => readBlob(client) },
  { name: 'a permanent redirect of a blob', answer: moved(308), call: async (client) => readBlob(client) },
  { name: 'a redirect with 303', answer: moved(303), call: async (client) => readBlob(client) },
  { name: 'a token server', answer: challenged, call: async (client) => client.manifest('shop/app', '1.0') },
  {
    name: 'a token server for credentials',
    answer: challenged,
    call: async (client) => client.manifest('shop/app', '1.0'),
    connection: { credentials },
  },
  {
    name: 'a redirect after Basic',
    answer: (response, target) =>
      response.req.headers.authorization === undefined
        ? void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
        : moved(307)(response, target),
    call: async (client) => readBlob(client),
    connection: { credentials },
  },
  {
    name: 'a chain of redirects',
    answer: (response, target) =>
      response.req.url?.includes('again')
        ? moved(307)(response, target)
        : moved(307)(response, '/v2/shop/app/blobs/again'),
    call: async (client) => readBlob(client),
  },
];

const vectors = mechanisms.flatMap((mechanism) =>
  targets.map((target) => ({ what: `${mechanism.name} to ${target}`, mechanism, target })),
);

describe('RegistryClient, with a registry on a private address', () => {
  const closers: (() => Promise<unknown>)[] = [];
  const reached: string[] = [];
  let neighbor: number;

  async function listen(listener: RequestListener): Promise<number> {
    const { port, stop } = await startHttpServer(listener);
    closers.push(stop);
    return port;
  }

  beforeAll(async () => {
    neighbor = await listen((request, response) => {
      reached.push(`${request.headers.host} ${request.headers.authorization ?? ''}`);
      response.writeHead(200, { 'content-type': manifestType }).end('layer');
    });
  });

  afterAll(async () => Promise.all(closers.map((close) => close())));

  /** Client of a registry that sends it to `target`. */
  async function clientOf({ answer, connection }: Mechanism, target: string): Promise<RegistryClient> {
    const port = await listen((_request, response) => answer(response, target.replace('PORT', String(neighbor))));
    let rebinding = 0;
    const egress = new Egress({ allow: [] }, async (host) => {
      if (host === 'metadata.test') return [{ address: '169.254.169.254', family: 4 }];
      const inside = { address: '127.0.0.1', family: 4 };
      if (host === 'mixed.test') return [{ address: '93.184.215.14', family: 4 }, inside];
      // A second query would be answered by an address that no check has seen.
      if (host === 'rebind.test') return [(rebinding += 1) > 1 ? { address: '93.184.215.14', family: 4 } : inside];
      return [inside];
    });
    closers.push(() => egress.close());
    return new RegistryClient(
      { name: 'test', url: `http://registry.test:${port}`, allowPrivate: true, ...connection },
      egress,
    );
  }

  it.each(vectors)('refuses $what', async ({ mechanism, target }) => {
    const client = await clientOf(mechanism, target);
    await expect(mechanism.call(client)).rejects.toMatchObject({
      code: expect.stringMatching(/^(EGRESS_REFUSED|REGISTRY_CHALLENGE)$/),
      retryable: false,
    });
    expect(reached).toEqual([]);
  });

  it('follows the same mechanisms to its own host and port', async () => {
    const manifest = '{"schemaVersion":2,"layers":[]}';
    const port = await listen(({ url = '' }, response) => {
      if (url.includes('moved')) response.writeHead(200, { 'content-type': manifestType }).end(manifest);
      else response.writeHead(307, { location: `http://registry.test:${port}/moved` }).end();
    });
    const egress = new Egress({ allow: [] }, async () => [{ address: '127.0.0.1', family: 4 }]);
    closers.push(() => egress.close());
    const connection = { name: 'test', url: `http://registry.test:${port}`, allowPrivate: true };
    const answer = await new RegistryClient(connection, egress).manifest('shop/app', '1.0');
    expect(Buffer.from(answer.bytes).toString()).toBe(manifest);
  });

  it('reads no foreign layer from the address that the manifest gives', async () => {
    const paths: string[] = [];
    const port = await listen((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(404).end();
    });
    const egress = new Egress({ allow: [] }, async () => [{ address: '127.0.0.1', family: 4 }]);
    closers.push(() => egress.close());
    const client = new RegistryClient(
      { name: 'test', url: `http://registry.test:${port}`, allowPrivate: true },
      egress,
    );
    const foreign = { ...blob, urls: [`http://127.0.0.1:${neighbor}/x`] };
    await expect(readBlob(client, foreign)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    expect(paths).toEqual([`/v2/shop/app/blobs/${blob.digest}`]);
  });
});
