import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessDenied, type Secret } from '@tidewaiter/domain';
import { InFlightBytes, limitRequestTime } from '@tidewaiter/runtime';
import { authorizationEquals } from '@tidewaiter/webhooks';
import type { FastifyRequest } from 'fastify';

/** Limit on a body: the API server sends batches of up to 10 MiB. */
const maxBodyBytes = 16 * 2 ** 20;
const requestTimeoutMs = 30_000;
const eventsRoute = '/events/:source';

/** Authenticates sensors before a byte of a body is read, and limits the bodies. */
export function configureSensorRoute(app: NestFastifyApplication, token: Secret | undefined): void {
  const inFlight = app.get(InFlightBytes);
  const fastify = app.getHttpAdapter().getInstance();
  const releases = new WeakMap<object, () => void>();
  limitRequestTime(app.getHttpServer(), requestTimeoutMs);
  // Sensors put any content type on their JSON, or none.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRoute', (route) => {
    if (route.url === eventsRoute) route.bodyLimit = maxBodyBytes;
  });
  fastify.addHook('onRequest', async (request) => {
    if (request.routeOptions.url !== eventsRoute) return;
    if (
      token === undefined ||
      !authorizationEquals({ headers: { authorization: request.headers.authorization } }, token)
    )
      throw new AccessDenied('HOOK_UNAUTHORIZED', 'the token is missing or wrong');
    releases.set(request.raw, inFlight.take(expectedBytes(request)));
  });
  // Runs also after an error, and when the sender has disconnected.
  fastify.addHook('onResponse', async (request) => releases.get(request.raw)?.());
}

/** Size to reserve; that of a chunked body is not known. */
function expectedBytes({ headers }: FastifyRequest): number {
  const declared = Number(headers['content-length']);
  return Number.isSafeInteger(declared) && declared >= 0 ? Math.min(declared, maxBodyBytes) : maxBodyBytes / 4;
}
