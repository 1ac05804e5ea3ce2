import { roles } from '@tidewaiter/domain';
import { z } from 'zod';

import type { ApiOperation } from '../http/operation.js';
import { problemAnswer } from '../http/problem-schema.js';
import { type ApiMethod, apiMethods } from './api-methods.js';

/**
 * Describes the methods with an `@Operation` as OpenAPI 3.1.
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiDocument(controllers: readonly object[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { operation, ...method } of apiMethods(controllers)) {
    if (operation) (paths[method.path] ??= {})[method.method] = describe(method, operation);
  }
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
          description: `An API token, tide_…, whose role is this one or a later one of ${roles.join(', ')}`,
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

type Described = Pick<ApiMethod, 'parameters' | 'query' | 'body'>;

function describe({ parameters, query, body }: Described, operation: ApiOperation): object {
  const { role, summary, status, answer, mediaType } = operation;
  return {
    summary,
    security: role === 'none' ? [] : [{ token: [role] }, { session: [role] }],
    parameters: [...parameters.map(pathParameter), ...queryParameters(query)],
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

function pathParameter([name, schema]: [string, z.ZodType]): object {
  return { name, in: 'path', required: true, schema: jsonSchema(schema, 'input') };
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
