import { severities } from '@tidewaiter/domain';

import { controllers } from '../console.module.js';
import { apiMethods } from './api-methods.js';
import { openApiDocument } from './openapi.js';

const document = openApiDocument(controllers) as {
  openapi: string;
  paths: Record<string, Record<string, { parameters: { name: string; in: string; schema: object }[] }>>;
};

describe('openApiDocument', () => {
  it('describes every method of the controllers, each with its role', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const methods = apiMethods(controllers);
    expect(methods.filter(({ operation }) => operation === undefined).map(({ path }) => path)).toEqual([]);
    expect(described.toSorted()).toEqual(methods.map(({ method, path }) => `${method} ${path}`).toSorted());
    expect(described.length).toBeGreaterThan(10);
  });

  it('describes how lists are paged and ids are written', () => {
    expect(document.openapi).toBe('3.1.1');
    const parameters = (path: string) => document.paths[path]!['get']!.parameters;
    const ofIncidents = new Map(parameters('/api/v1/incidents').map(({ name, ...rest }) => [name, rest]));
    const states = ['open', 'resolved', 'merged'];
    expect([...ofIncidents.keys()]).toEqual(['q', 'sort', 'limit', 'after', 'count', 'state', 'severity']);
    expect(ofIncidents.get('q')!.schema).toEqual({ type: 'string', maxLength: 2_000, default: '' });
    expect(ofIncidents.get('limit')!.schema).toEqual({ type: 'integer', minimum: 1, maximum: 200, default: 50 });
    expect(ofIncidents.get('state')!).toEqual({
      in: 'query',
      required: false,
      schema: { type: 'string', enum: states },
    });
    expect(ofIncidents.get('severity')!.schema).toEqual({ type: 'string', enum: [...severities] });
    expect(parameters('/api/v1/pushes/{id}')).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
    ]);
  });

  it('writes times as date-time', () => {
    expect(JSON.stringify(document)).toContain('"receivedAt":{"type":"string","format":"date-time"}');
  });

  it('refers to nothing outside of its components', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target);
    expect(references.filter((target) => target !== '#/components/schemas/Problem')).toEqual([]);
  });
});
