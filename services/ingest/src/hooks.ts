import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Options,
  Post,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { AccessDenied, InvalidInput, NotFound, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { currentTraceparent, Logger, problemOf, sendProblem, withSpan } from '@tidewaiter/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { type Connection, Connections } from './connections.js';
import { HookMetrics, type HookResult } from './hook-metrics.js';
import type { HookRequest } from './hook-request.js';
import { Intake } from './intake.js';

export interface HookRoute {
  Params: { family: string; connection: string };
  /** Absent when the request has none. */
  Body: Buffer | undefined;
  Querystring: Record<string, unknown>;
}

/** What a sender is told once everything is stored and it may forget it. */
export interface Receipt {
  accepted: number;
  duplicates: number;
  ignored: number;
}

/** The id of the connection that a request is for, whether there is one or not. */
export function connectionId({ params }: FastifyRequest<HookRoute>): string {
  return `${params.family}/${params.connection}`;
}

/** Tells a body that is no webhook of its kind (422) from one that was damaged on its way (400). */
@Catch(InvalidInput)
class BodyFilter implements ExceptionFilter<InvalidInput> {
  catch(error: InvalidInput, host: ArgumentsHost): void {
    const problem = problemOf(error);
    const isReadable = error.code === 'BODY_UNRECOGNISED' || error.code === 'BODY_TOO_DEEP';
    void sendProblem(
      host.switchToHttp().getResponse<FastifyReply>(),
      isReadable ? { ...problem, status: 422 } : problem,
    );
  }
}

/** `POST /hooks/registry/{connection}` and `POST /hooks/runtime/{connection}`. */
@Controller('hooks')
@UseFilters(BodyFilter)
export class Hooks {
  constructor(
    private readonly connections: Connections,
    private readonly intake: Intake,
    private readonly metrics: HookMetrics,
    private readonly logger: Logger,
  ) {}

  @Post(':family/:connection')
  // Puts the route under the rate limit.
  @RouteConfig({ rateLimit: {} })
  async receive(
    @Req() request: FastifyRequest<HookRoute>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Receipt | object | null> {
    return this.#answer(request, reply);
  }

  /** CloudEvents' way of asking whether a sender may send. */
  @Options(':family/:connection')
  @RouteConfig({ rateLimit: {} })
  async ask(
    @Req() request: FastifyRequest<HookRoute>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object | null> {
    return this.#answer(request, reply);
  }

  async #answer(request: FastifyRequest<HookRoute>, reply: FastifyReply): Promise<Receipt | object | null> {
    const connection = this.connections.get(connectionId(request));
    const hook = hookRequest(request);
    return withSpan('webhook', { kind: 'server', traceparent: hook.headers['traceparent'] }, async () => {
      try {
        const known = await this.#admit(connection, hook);
        const handshake = known.handshake(hook);
        if (handshake !== null) {
          void reply.status(200).headers(handshake.headers);
          return handshake.body;
        }
        const receipt = await this.#take(known, hook);
        void reply.status(202);
        return receipt;
      } catch (error) {
        this.metrics.count(connection, resultOfError(error));
        if (connection && error instanceof TidewaiterError) {
          this.logger.warn({ connection: connection.id, code: error.code }, 'webhook refused');
        }
        throw error;
      }
    });
  }

  /** Nothing of a body is acted on before its sender is known. */
  async #admit(connection: Connection | undefined, hook: HookRequest): Promise<Connection> {
    if (!connection) throw new NotFound('CONNECTION_UNKNOWN', 'no such connection');
    if (await connection.isAuthentic(hook)) return connection;
    throw new AccessDenied('HOOK_UNAUTHORIZED', 'the secret is missing or wrong');
  }

  async #take(connection: Connection, hook: HookRequest): Promise<Receipt> {
    if (hook.body.length === 0) throw new InvalidInput('BODY_EMPTY', 'The body is empty.');

    const { facts, ignored, dropped } = connection.read(hook);
    const delivery = {
      connection: connection.id,
      facts,
      sizeBytes: hook.body.length,
      traceparent: currentTraceparent(),
    };
    const kept = facts.length > 0 ? await this.intake.keep(delivery) : { accepted: 0, duplicates: 0 };
    if (dropped > 0) this.metrics.countDropped(connection.name, dropped);

    const receipt = { ...kept, ignored: totalOf(ignored) };
    this.metrics.count(connection, resultOf(receipt));
    this.logger[logLevel(facts.length, ignored)](
      { connection: connection.id, ...receipt, reasons: ignored },
      'webhook',
    );
    return receipt;
  }
}

/** What arrived, without what Fastify made of it. */
export function hookRequest({ headers, body, query }: FastifyRequest<HookRoute>): HookRequest {
  return { headers: textsOf(headers), body: body ?? Buffer.alloc(0), query: textsOf(query) };
}

/** What is given twice is a list, and counts as not given: nobody could say which one is meant. */
function textsOf(fields: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** What nobody asked for is nobody's concern, but a sender of which nothing can be read should be looked at. */
export function logLevel(facts: number, ignored: Readonly<Record<string, number>>): 'info' | 'warn' | 'debug' {
  if (facts > 0) return 'info';
  return (ignored['malformed'] ?? 0) > 0 ? 'warn' : 'debug';
}

function totalOf(counts: Record<string, number>): number {
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  return total;
}

function resultOf({ accepted, duplicates }: Receipt): HookResult {
  if (accepted > 0) return 'accepted';
  return duplicates > 0 ? 'duplicate' : 'ignored';
}

function resultOfError(error: unknown): HookResult {
  if (error instanceof AccessDenied) return 'unauthorized';
  if (error instanceof Unavailable) return 'unavailable';
  return error instanceof InvalidInput || error instanceof NotFound ? 'invalid' : 'failed';
}
