import { TidewaiterError } from '@tidewaiter/domain';
import fastify, { type FastifyInstance } from 'fastify';

import { configureRegistryRoute } from './registry-http.js';

describe('configureRegistryRoute', () => {
  let app: FastifyInstance;
  const gate = { open: Promise.resolve() };

  beforeEach(() => {
    gate.open = Promise.resolve();
    app = fastify();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.setErrorHandler(async (error, _request, reply) =>
      reply
        .status(error instanceof TidewaiterError ? 503 : ((error as { statusCode?: number }).statusCode ?? 500))
        .send(),
    );
    configureRegistryRoute(app);
    app.post('/hooks/:family/:connection', async () => gate.open);
    app.post('/other', async () => '');
  });

  afterEach(async () => app.close());

  const post = async (bytes: number, url = '/hooks/registry/main') => {
    const answer = await app.inject({ method: 'POST', url, payload: Buffer.alloc(bytes) });
    return answer.statusCode;
  };

  it('reads the largest notice that a client can cause, and no larger body', async () => {
    // A User-Agent of 1 MiB, of characters that JSON writes as six.
    expect(await post(6 * 2 ** 20 + 4_096)).toBe(200);
    expect(await post(8 * 2 ** 20 + 1)).toBe(413);
    expect(await post(2 ** 20 + 1, '/other')).toBe(413);
  });

  it('reads a few large bodies at a time beside any number of usual ones', async () => {
    const held = Promise.withResolvers<void>();
    gate.open = held.promise;
    const large = [1, 2, 3, 4].map(async () => post(8 * 2 ** 20));
    const usual = [1, 2, 3].map(async () => post(2 ** 20));
    expect(await post(2 ** 20 + 1)).toBe(503);
    held.resolve();
    expect(await Promise.all([...large, ...usual])).toEqual(Array(7).fill(200));
    expect(await post(8 * 2 ** 20)).toBe(200);
  });
});
