import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { ConsoleConfig } from '../config.js';

/** Built by `tools/build-console.mjs`. */
const webFolder = join(import.meta.dirname, '../../../web/dist');

const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'self'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Paths of the API, probes and metrics; every other one without a dot is a page. */
const notPages = /^\/(?:api|admission|livez|readyz|startupz|healthz|metrics)(?:[/?]|$)|\.[a-z0-9]{2,5}(?:\?|$)/;

/**
 * Serves the web pages, which hold no data, without a login; every answer gets the security
 * headers.
 */
export async function servePages(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpAdapter().getInstance();
  const { publicUrl } = app.get(ConsoleConfig);
  const isPublicByTls = publicUrl?.startsWith('https:');
  server.addHook('onRequest', async (request, reply) => {
    void reply.headers(securityHeaders);
    // Over plain HTTP, browsers ignore it.
    if (isPublicByTls) void reply.header('strict-transport-security', 'max-age=31536000');
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
  });
  const page = firstPage(publicUrl);
  // The path of a page is evaluated in the browser.
  server.get('/*', (request, reply) => {
    if (page === null || notPages.test(request.url)) reply.callNotFound();
    else void reply.headers({ 'cache-control': 'no-cache', 'content-type': 'text/html; charset=utf-8' }).send(page);
  });
  if (page === null) return;
  // Without the wildcard there is one route for each file that was there at the start, and no way
  // to any other.
  await app.register(fastifyStatic, {
    root: webFolder,
    wildcard: false,
    index: false,
    decorateReply: false,
    preCompressed: true,
    globIgnore: ['index.html', '**/*.{br,gz}'],
    cacheControl: false,
    setHeaders: (reply, path) => {
      // Names of assets have a hash of their content.
      const isHashed = path.startsWith(join(webFolder, 'assets'));
      void reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

/**
 * The page that every path shows, with the path below which browsers find the console, so that its
 * relative addresses also work on `/incidents/ID`. Null where the pages are not built.
 */
function firstPage(publicUrl = 'http://localhost/'): string | null {
  const file = join(webFolder, 'index.html');
  if (!existsSync(file)) return null;
  // Percent-encoded by the parser: no quote is left in it.
  const path = new URL(publicUrl).pathname.replace(/\/?$/, '/');
  return readFileSync(file, 'utf8').replace('<head>', `<head><base href="${path}" />`);
}
