import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessDenied } from '@tidewaiter/domain';
import { InFlightBytes } from '@tidewaiter/runtime';
import type { FastifyRequest } from 'fastify';

import { Connections } from '../http/connections.js';
import { HookMetrics, resultOfError } from '../http/hook-metrics.js';
import { connectionId, hookRequest, type HookRoute } from '../http/hook-route.js';
import type { SensorConnection } from './sensor-connection.js';

/** Limit on a sensor's body as received; shippers send batches. */
export const maxBodyBytes = 8 * 2 ** 20;

const runtimeRoute = '/hooks/runtime/:connection';

/**
 * Gives the sensors' route its own limits, before a byte of a body is read: a larger body, but only
 * from authenticated senders, and only while there is room for it.
 */
export function configureRuntimeRoute(app: NestFastifyApplication): void {
  const connections = app.get(Connections);
  const inFlight = app.get(InFlightBytes);
  const metrics = app.get(HookMetrics);
  const fastify = app.getHttpAdapter().getInstance();
  const releases = new WeakMap<object, () => void>();
  fastify.addHook('onRoute', (route) => {
    if (route.url === runtimeRoute) route.bodyLimit = maxBodyBytes;
  });
  fastify.addHook('onRequest', async (request) => {
    if (request.routeOptions.url !== runtimeRoute) return;
    const connection = connections.sensor(connectionId(request as FastifyRequest<HookRoute>));
    try {
      refuseUnauthenticated(connection, request as FastifyRequest<HookRoute>);
      releases.set(request.raw, inFlight.take(expectedBytes(request)));
    } catch (error) {
      metrics.count(connection, resultOfError(error));
      throw error;
    }
  });
  // Runs also after an error, and when the sender has disconnected.
  fastify.addHook('onResponse', async (request) => releases.get(request.raw)?.());
}

/**
 * Refuses a wrong token early; a connection with signed messages can be authenticated only by its
 * body.
 */
function refuseUnauthenticated(connection: SensorConnection | undefined, request: FastifyRequest<HookRoute>): void {
  if (!connection || connection.isSigned || connection.showsToken(hookRequest(request))) return;
  throw new AccessDenied('HOOK_UNAUTHORIZED', 'the token is missing or wrong');
}

/** Size to reserve; a chunked body may be as large as the limit. */
export function expectedBytes({ headers }: FastifyRequest): number {
  const declared = Number(headers['content-length'] ?? maxBodyBytes);
  return Number.isSafeInteger(declared) && declared >= 0 ? Math.min(declared, maxBodyBytes) : maxBodyBytes;
}
