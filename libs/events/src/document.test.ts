import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { catalog } from './catalog.js';
import { asyncApi, eventsMarkdown } from './document.js';
import { consumers, consumersOf, streams } from './topology.js';

const docs = join(__dirname, '../../../docs');

describe('catalog', () => {
  // A stale page is mended by `npm run docs`.
  it('generates docs/events.md', () => {
    expect(readFileSync(join(docs, 'events.md'), 'utf8')).toBe(eventsMarkdown(catalog));
  });

  it('generates docs/asyncapi.json', () => {
    expect(JSON.parse(readFileSync(join(docs, 'asyncapi.json'), 'utf8'))).toEqual(asyncApi(catalog));
  });

  it('lists every event once and by the pattern', () => {
    const types = catalog.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) expect(type).toMatch(/^dev\.tidewaiter\.[a-z]+\.[a-z]+ed\.v1$/);
  });

  it('assigns every event to exactly one stream', () => {
    for (const event of catalog) {
      expect(streams.filter(({ events }) => events.includes(event))).toHaveLength(1);
    }
  });

  it('assigns consumers only events of their stream', () => {
    for (const consumer of Object.values(consumers)) {
      const stream = streams.find(({ name }) => name === consumer.stream);
      for (const event of consumer.events) expect(stream?.events).toContain(event);
    }
  });

  it('names the consumers that must confirm an event', () => {
    expect(consumersOf('dev.tidewaiter.registry.pushed.v1').map(({ name }) => name)).toEqual(['scanner']);
    expect(consumersOf('dev.tidewaiter.notification.failed.v1')).toEqual([]);
  });
});
