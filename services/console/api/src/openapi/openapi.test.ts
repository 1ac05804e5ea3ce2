import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { severities } from '@tidewaiter/domain';

import { controllers } from '../console.module.js';
import { apiMethods } from './api-methods.js';
import { openApiDocument } from './openapi.js';

const document = openApiDocument(controllers) as {
  openapi: string;
  paths: Record<string, Record<string, { parameters: { name: string; in: string; schema: object }[] }>>;
};

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
  expect(ofIncidents.get('state')!).toEqual({ in: 'query', required: false, schema: { type: 'string', enum: states } });
  expect(ofIncidents.get('severity')!.schema).toEqual({ type: 'string', enum: [...severities] });
  expect(parameters('/api/v1/pushes/{id}')).toEqual([
    { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
  ]);
});

it('writes times as date-time', () => {
  expect(JSON.stringify(document)).toContain('"receivedAt":{"type":"string","format":"date-time"}');
});

describe('the web pages', () => {
  const folder = join(import.meta.dirname, '../../../web');
  const files = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

  it.each(files)('$name makes no markup of text, and runs under the content security policy', ({ name, text }) => {
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|https?:\/\/(?!\$|www\.w3\.org)/,
    );
    if (name === 'index.html') expect(text).not.toMatch(/<script>|<style|\sstyle=|\son[a-z]+=/);
  });
});
