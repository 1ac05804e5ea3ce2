import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { RequestMethod } from '@nestjs/common';
import { Secret, severities } from '@tidewaiter/domain';
import { Templates } from '@tidewaiter/messages';
import { readSettings } from '@tidewaiter/runtime';

import { ConsoleModule } from '../console.module.js';
import { openApiDocument } from './openapi.js';

const config = {
  databaseUrl: new Secret('postgres://localhost/x'),
  natsUrl: new Secret('nats://localhost'),
  databasePool: 2,
  httpHost: '127.0.0.1',
  httpPort: 0,
  logLevel: 'silent' as const,
  otlpEndpoint: undefined,
  settingsFile: undefined,
  publicUrl: undefined,
};

const document = openApiDocument() as {
  openapi: string;
  paths: Record<string, Record<string, { parameters: { name: string; in: string; schema: object }[] }>>;
};

/** `get /api/v1/pushes/{id}` of every method that Nest would route to. */
function nestRoutes(): string[] {
  const controllers = ConsoleModule.forRoot(config, readSettings(undefined), new Templates()).controllers ?? [];
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, object>;
    const handlers = Object.getOwnPropertyNames(prototype).filter((name) =>
      Reflect.hasMetadata('method', prototype[name]!),
    );
    return handlers.map((name) => {
      const method = RequestMethod[Reflect.getMetadata('method', prototype[name]!) as number]!.toLowerCase();
      const parts = [
        Reflect.getMetadata('path', controller),
        Reflect.getMetadata('path', prototype[name]!),
      ] as string[];
      const path = parts.filter((part) => part !== '/').join('/');
      return `${method} /${path.replaceAll(/:(\w+)/g, '{$1}')}`;
    });
  });
}

it('tells of every route, and of no other', () => {
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(told.toSorted()).toEqual(nestRoutes().toSorted());
  expect(told.length).toBeGreaterThan(10);
});

it('tells how lists are paged and ids are written', () => {
  expect(document.openapi).toBe('3.1.1');
  const parameters = (path: string) => document.paths[path]!['get']!.parameters;
  expect(parameters('/api/v1/incidents')).toEqual([
    { name: 'limit', in: 'query', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } },
    { name: 'after', in: 'query', required: false, schema: { type: 'string', maxLength: 200 } },
    { name: 'state', in: 'query', required: false, schema: { type: 'string', enum: ['open', 'resolved', 'merged'] } },
    { name: 'severity', in: 'query', required: false, schema: { type: 'string', enum: [...severities] } },
  ]);
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
