import { join } from 'node:path';

import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const webFolder = join(import.meta.dirname, '../../../web');

const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Serves the web pages, which hold no data, without a login; every answer gets the security headers. */
export async function servePages(app: NestFastifyApplication): Promise<void> {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request, reply) => {
      void reply.headers(securityHeaders);
      if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
    });
  // Without the wildcard there is one route for each file that was there at the start, and no way to any other.
  await app.register(fastifyStatic, { root: webFolder, wildcard: false, decorateReply: false });
}
