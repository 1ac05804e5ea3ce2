import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessDenied, Unavailable } from '@tidewaiter/domain';
import type { FastifyRequest } from 'fastify';

import { admit } from '../http/admit.js';
import { Connections } from '../http/connections.js';
import { HookMetrics, resultOfError } from '../http/hook-metrics.js';
import { connectionId, hookRequest, type HookRoute } from '../http/hook-route.js';
import type { PipelineConnection, Proof } from './pipeline-connection.js';

/** Limit on a body: SBOMs of large images have some megabytes. */
export const maxBodyBytes = 16 * 2 ** 20;
/** Limit on bodies read at one moment; each is held several times over while it is parsed. */
const maxRequests = 8;

const route = '/hooks/pipeline/:connection';
const refusal = 'the token is missing, wrong or not for this';

/** Sender of a request, proven by its headers. */
export interface Sender {
  connection: PipelineConnection;
  proof: Proof;
}

/** A request to the pipelines' route, with its sender once that is proven. */
export type PipelineRequest = FastifyRequest<HookRoute> & { sender?: Sender };

/** The sender that was proven before the body was read. @throws AccessDenied `HOOK_UNAUTHORIZED` */
export function senderOf({ sender }: PipelineRequest): Sender {
  if (!sender) throw new AccessDenied('HOOK_UNAUTHORIZED', refusal);
  return sender;
}

/**
 * Gives the pipelines' route its own limits before a byte of a body is read: larger bodies, only
 * from authenticated senders, and a few at a time.
 */
export function configurePipelineRoute(app: NestFastifyApplication): void {
  const connections = app.get(Connections);
  const metrics = app.get(HookMetrics);
  const fastify = app.getHttpAdapter().getInstance();
  let running = 0;
  fastify.addHook('onRoute', (each) => {
    if (each.url === route) each.bodyLimit = maxBodyBytes;
  });
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== route) return;
    const hook = request as PipelineRequest;
    const connection = connections.pipeline(connectionId(hook));
    try {
      hook.sender = await admit(connection, async (each) => each.prove(hookRequest(hook)), refusal);
      // The socket's close event, which frees the slot, may already have passed.
      const isGone = request.raw.socket.destroyed;
      if (isGone || running >= maxRequests) throw new Unavailable('INTAKE_FULL', 'too many documents are being read');
      running += 1;
      // Runs also after an error, and when the sender has disconnected.
      reply.raw.once('close', () => (running -= 1));
    } catch (error) {
      metrics.count(connection, resultOfError(error));
      throw error;
    }
  });
}
