import { z } from 'zod';

import type { EventType } from './event-type.js';
import { consumersOf, readersInOrder } from './topology.js';

interface JsonSchema {
  [key: string]: unknown;
}

/** Generates `docs/events.md` from the catalog. */
export function eventsMarkdown(events: readonly EventType[]): string {
  const rows = events.map((event) => `| \`${event.type}\` | ${event.by} | ${readers(event)} | ${event.summary} |`);
  return [
    '# Events between the services',
    '',
    'Generated from `libs/events` by `npm run docs`; do not edit. Every event is a CloudEvents 1.0 envelope in',
    'structured mode on JetStream. The NATS subject is the type without `dev.` and version. Events carry ids and small',
    'facts; the rest is in PostgreSQL.',
    '',
    '| event | published by | handled by | what happened |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    ...events.flatMap(eventSection),
  ].join('\n');
}

function eventSection(event: EventType): string[] {
  return [
    `## ${event.channel}`,
    '',
    `${event.summary} \`subject\` is ${event.about}.`,
    '',
    '```json',
    JSON.stringify(dataSchema(event), null, 2),
    '```',
    '',
  ];
}

function readers(event: EventType): string {
  const names = [...consumersOf(event.type).map(({ name }) => name), ...readersInOrder(event)];
  return names.length > 0 ? names.join(', ') : 'no consumer yet';
}

/**
 * Generates an AsyncAPI 3.0 document of the catalog. @see
 * https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncApi(events: readonly EventType[]): JsonSchema {
  const named = events.map((event) => ({ event, name: event.channel.replaceAll('.', '-') }));
  return {
    asyncapi: '3.0.0',
    info: { title: 'Tidewaiter events', version: '1', description: 'CloudEvents 1.0 on NATS JetStream.' },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(
      named.map(({ event, name }) => [
        name,
        { address: event.channel, messages: { [name]: { $ref: `#/components/messages/${name}` } } },
      ]),
    ),
    operations: Object.fromEntries(
      named.map(({ event, name }) => [
        `publish-${name}`,
        { action: 'send', channel: { $ref: `#/channels/${name}` }, summary: `${event.by}: ${event.summary}` },
      ]),
    ),
    components: {
      messages: Object.fromEntries(named.map(({ event, name }) => [name, message(event)])),
    },
  };
}

function message(event: EventType): JsonSchema {
  return {
    name: event.type,
    summary: event.summary,
    contentType: 'application/cloudevents+json',
    payload: {
      type: 'object',
      required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data'],
      properties: {
        specversion: { const: '1.0' },
        id: { type: 'string', format: 'uuid' },
        source: { type: 'string' },
        type: { const: event.type },
        subject: { type: 'string', description: event.about },
        time: { type: 'string', format: 'date-time' },
        datacontenttype: { const: 'application/json' },
        traceparent: { type: 'string' },
        data: dataSchema(event),
      },
    },
  };
}

function dataSchema(event: EventType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(event.data, { io: 'input' }) as JsonSchema;
  return schema;
}
