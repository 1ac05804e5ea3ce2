import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Bus } from '@tidewaiter/bus';
import type { CloudEvent } from '@tidewaiter/events';

import { EventFeed } from './event-feed.js';
import { writeEvents } from './event-stream.js';

/** A feed, what a client of it got, and a function that publishes an event. */
function followed() {
  const listeners: ((event: CloudEvent) => void)[] = [];
  const bus = {
    onPublished: (_: object, listen: (event: CloudEvent) => void) => listeners.push(listen),
    onLoss: () => 0,
  };
  const feed = new EventFeed(bus as unknown as Bus);
  feed.onModuleInit();
  const response = new PassThrough();
  let sent = '';
  response.on('data', (chunk: Buffer) => (sent += chunk.toString()));
  writeEvents(response as unknown as ServerResponse, feed, undefined);
  const publish = (id: string) =>
    listeners[0]!({ id, type: 'dev.tidewaiter.incident.updated.v1', subject: `of ${id}`, time: 't' } as CloudEvent);
  const until = async (text: string) => {
    while (!sent.includes(text)) await sleep(20);
  };
  return { feed, publish, until, sent: () => sent, end: () => response.destroy() };
}

describe('writeEvents', () => {
  it('replaces a flood by one reset with the id of its last event', async () => {
    const client = followed();
    for (let number = 1; number <= 201; number += 1) client.publish(`e${number}`);
    client.feed.announce('alerts');
    await client.until('event: reset');
    expect(client.sent()).toBe('retry: 2000\n\nid: e201\nevent: reset\ndata: {}\n\n');
    client.end();
  });

  it('sends a changed list without an id, from which no client could continue', async () => {
    const client = followed();
    client.publish('e1');
    client.feed.announce('alerts');
    await client.until('alerts');
    expect(client.sent()).toMatch(
      /\n\nid: e1\nevent: incident\.updated\ndata: \{"subject":"of e1","time":"t"\}\n\nevent: list\.changed\ndata: \{"subject":"alerts","time":"[^"]+"\}\n\n$/,
    );
    expect(client.feed.since('e1')).toEqual([]);
    client.end();
  });
});
