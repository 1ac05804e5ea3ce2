import type { HookRequest } from '@tidewaiter/webhooks';
import type { FastifyRequest } from 'fastify';

export interface HookRoute {
  /** `family` is part of the path where a route is for one family. */
  Params: { family?: string; connection: string };
  /** Absent when the request has none. */
  Body: Buffer | undefined;
  Querystring: Record<string, unknown>;
}

/** The id of the connection that the URL names, whether it exists or not. */
export function connectionId({ params, url }: FastifyRequest<HookRoute>): string {
  return `${params.family ?? url.split('/')[2]}/${params.connection}`;
}

export function hookRequest({ headers, body, query }: FastifyRequest<HookRoute>): HookRequest {
  return { headers: textsOf(headers), body: body ?? Buffer.alloc(0), query: textsOf(query) };
}

/** Drops repeated fields, which Fastify gives as a list: their value would be ambiguous. */
function textsOf(fields: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
