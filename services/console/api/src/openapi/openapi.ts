import { z } from 'zod';

import { problemAnswer } from '../http/problem-schema.js';
import { type ApiRoute, routes, scopeOf } from './routes.js';

const digestPattern = '^sha256:[0-9a-f]{64}$';

/** The API as OpenAPI 3.1. @see https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes)
    (paths[route.isAtRoot ? route.path : `/api/v1${route.path}`] ??= {})[route.method] = operation(route);
  return {
    openapi: '3.1.1',
    info: { title: 'Tidewaiter', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemAnswer, 'output') },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API token, tide_…, whose scope is this one or a later one of gate, read, write',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'tidewaiter_session',
          description: 'Set by POST /api/v1/session. A change also needs the header x-tidewaiter-csrf: 1.',
        },
      },
    },
  };
}

function operation(route: ApiRoute): object {
  const { path, summary, status, query, body, answer, mediaType = 'application/json', isOpen } = route;
  const scope = [scopeOf(route)];
  return {
    summary,
    security: isOpen ? [] : [{ token: scope }, { session: scope }],
    parameters: [...pathParameters(path), ...queryParameters(query)],
    ...(body && {
      requestBody: { required: !body.safeParse(undefined).success, content: json(jsonSchema(body, 'input')) },
    }),
    responses: {
      [status]: {
        description: summary,
        ...(answer && { content: { [mediaType]: { schema: jsonSchema(answer, 'output') } } }),
      },
      default: {
        description: 'A problem with a stable code',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function pathParameters(path: string): object[] {
  const schemas = { id: { type: 'string', format: 'uuid' }, digest: { type: 'string', pattern: digestPattern } };
  return Object.entries(schemas)
    .filter(([name]) => path.includes(`{${name}}`))
    .map(([name, schema]) => ({ name, in: 'path', required: true, schema }));
}

function queryParameters(query: z.ZodObject | undefined): object[] {
  if (!query) return [];
  const { properties = {} } = jsonSchema(query, 'input');
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): z.core.JSONSchema.BaseSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
    },
  });
  return rest;
}
