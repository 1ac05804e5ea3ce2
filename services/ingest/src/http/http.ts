import rateLimit from '@fastify/rate-limit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Unavailable } from '@tidewaiter/domain';
import { limitRequestTime } from '@tidewaiter/runtime';
import type { FastifyRequest } from 'fastify';

import { configureAgentRoutes, isOfAgent } from '../agents/agent-http.js';
import { configurePipelineRoute } from '../pipelines/pipeline-http.js';
import { configureRegistryRoute } from '../registry/registry-http.js';
import { configureRuntimeRoute } from '../runtime/runtime-http.js';
import { Connections } from './connections.js';
import { HookMetrics } from './hook-metrics.js';
import { connectionId, type HookRoute } from './hook-route.js';

const windowMs = 60_000;
/**
 * Limit on the time for a request: a sender that dribbles its body must not hold a socket for
 * ever.
 */
const requestTimeoutMs = 30_000;

/** Fastify settings of the hooks: raw bodies, the rate limit and the time limit. */
export async function configureHttp(app: NestFastifyApplication, hookRate: number): Promise<void> {
  limitRequestTime(app.getHttpServer(), requestTimeoutMs);
  const fastify = app.getHttpAdapter().getInstance();
  // Signatures cover the bytes as received, and senders put any content type on their JSON, or
  // none.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  configureAgentRoutes(app);
  configurePipelineRoute(app);
  configureRegistryRoute(fastify);
  configureRuntimeRoute(app);
  await limitRate(app, hookRate);
}

/**
 * Counts by connection and sender, so that an unauthenticated sender cannot use up a registry's
 * limit.
 */
async function limitRate(app: NestFastifyApplication, hookRate: number): Promise<void> {
  const connections = app.get(Connections);
  const metrics = app.get(HookMetrics);
  const connectionOf = (request: FastifyRequest) =>
    isOfAgent(request) ? undefined : connections.get(connectionId(request as FastifyRequest<HookRoute>));
  await app.register(rateLimit, {
    // Applies only to routes with `rateLimit`: the hooks.
    global: false,
    max: hookRate,
    timeWindow: windowMs,
    keyGenerator: (request) => `${connectionOf(request)?.id ?? ''} ${request.ip}`,
    onExceeded: (request) => metrics.count(connectionOf(request), 'limited'),
    errorResponseBuilder: (_request, { ttl }) =>
      new Unavailable('RATE_LIMITED', 'too many webhooks for this connection', { retryAfterMs: ttl }),
  });
}
