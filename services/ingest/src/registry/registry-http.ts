import { InFlightBytes } from '@tidewaiter/runtime';
import type { FastifyInstance } from 'fastify';

/**
 * Limit on a registry's body. The CNCF registry repeats a refused notice for ever, and keeps all
 * later ones behind it. A notice has the `User-Agent` of the client that pushed, a header of up to
 * 1 MiB, which is six times as long where JSON escapes every character.
 */
const maxBodyBytes = 8 * 2 ** 20;
/** Real notices have some kilobytes: bodies of this size need no reservation. */
const usualBytes = 2 ** 20;
/** Limit on all larger bodies at one moment. */
const maxLargeBytes = 4 * maxBodyBytes;

const route = '/hooks/:family/:connection';

/** Gives the registries' route its own limit of a body, and bounds the memory of large ones. */
export function configureRegistryRoute(fastify: FastifyInstance): void {
  const large = new InFlightBytes(maxLargeBytes);
  fastify.addHook('onRoute', (each) => {
    if (each.url === route) each.bodyLimit = maxBodyBytes;
  });
  fastify.addHook('onRequest', async ({ routeOptions, headers }, reply) => {
    // A chunked body declares no length, and is mostly of a usual size, too.
    const bytes = Number(headers['content-length'] ?? usualBytes + 1);
    if (routeOptions.url !== route || bytes <= usualBytes || bytes > maxBodyBytes) return;
    // Runs also after an error, and when the sender has disconnected.
    reply.raw.once('close', large.take(bytes));
  });
}
