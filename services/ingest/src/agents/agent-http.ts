import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InFlightBytes } from '@tidewaiter/runtime';
import type { FastifyRequest } from 'fastify';

import { HookMetrics, resultOfError } from '../http/hook-metrics.js';
import { expectedBytes, maxBodyBytes } from '../runtime/runtime-http.js';
import { AgentCredential } from './agent-credential.js';

const prefix = '/agent/v1/';
const joinRoute = '/agent/v1/join';
const eventsRoute = '/agent/v1/events/:source';

/** Whether a request is an agent's: its route has no connection. */
export function isOfAgent({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url?.startsWith(prefix) ?? false;
}

/**
 * Authenticates agents behind the rate limit and before a byte of a body is read, and accepts
 * events only while there is room for them. A route of an agent also needs the guard
 * {@link AgentCredential}.
 */
export function configureAgentRoutes(app: NestFastifyApplication): void {
  const guard = app.get(AgentCredential);
  const inFlight = app.get(InFlightBytes);
  const metrics = app.get(HookMetrics);
  const releases = new WeakMap<object, () => void>();
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', (route) => {
    if (route.url === eventsRoute) route.bodyLimit = maxBodyBytes;
  });
  fastify.addHook('preParsing', async (request) => {
    const { url } = request.routeOptions;
    if (!isOfAgent(request) || url === joinRoute) return;
    try {
      await guard.authenticate(request);
      if (url === eventsRoute) releases.set(request.raw, inFlight.take(expectedBytes(request)));
    } catch (error) {
      metrics.count(undefined, resultOfError(error));
      throw error;
    }
  });
  // Runs also after an error, and when the sender has disconnected.
  fastify.addHook('onResponse', async (request) => releases.get(request.raw)?.());
}
