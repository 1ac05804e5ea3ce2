import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

import { AgentCredential } from './agent-credential.js';

const agentPrefix = '/agent/v1/';
const joinRoute = '/agent/v1/join';

/** Whether a request is an agent's: its route has no connection. */
export function isOfAgent({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url?.startsWith(agentPrefix) ?? false;
}

/**
 * Authenticates agents behind the rate limit and before a byte of a body is read; a route of an
 * agent also needs the guard {@link AgentCredential}.
 */
export function configureAgentRoutes(app: NestFastifyApplication): void {
  const guard = app.get(AgentCredential);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preParsing', async (request) => {
      if (isOfAgent(request) && request.routeOptions.url !== joinRoute) await guard.authenticate(request);
    });
}
