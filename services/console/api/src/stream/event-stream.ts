import type { ServerResponse } from 'node:http';

import type { EventFeed, FeedEvent } from './event-feed.js';

/** Events of a moment are sent together. */
const gatherMs = 250;
/** More events of a moment are replaced by a reset. */
const maxGathered = 200;
const heartbeatMs = 15_000;
/** Then the client connects again, and its token or session is verified again. */
const lifeMs = 10 * 60_000;
const reconnectMs = 2_000;
/** Unread bytes at which a client that does not keep up is cut off. */
const maxUnreadBytes = 256 * 1024;

/**
 * Writes events to one client as server-sent events, until it leaves or its time is over. A `reset`
 * event stands for events that the client will not get.
 * @param lastId id of the last event that the client has; undefined at its first connection
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function writeEvents(response: ServerResponse, feed: EventFeed, lastId: string | undefined): void {
  const missed = lastId === undefined ? [] : feed.since(lastId);
  let gathered: FeedEvent[] = [];
  let isReset = missed === null;
  let timer: NodeJS.Timeout | undefined;

  const write = (text: string) => {
    response.write(text);
    if (response.writableLength > maxUnreadBytes) response.destroy();
  };
  const flush = () => {
    timer = undefined;
    write(isReset || gathered.length > maxGathered ? resetText(gathered.at(-1)) : gathered.map(eventText).join(''));
    gathered = [];
    isReset = false;
  };
  const gather = (event: FeedEvent | 'gap') => {
    if (event === 'gap') isReset = true;
    else gathered.push(event);
    timer ??= setTimeout(flush, gatherMs);
  };

  write(`retry: ${reconnectMs}\n\n`);
  for (const event of missed ?? []) gather(event);
  if (isReset) flush();
  const leave = feed.follow(gather);
  const heartbeat = setInterval(() => write(': \n\n'), heartbeatMs);
  const end = setTimeout(() => response.end(), lifeMs);
  response.once('close', () => {
    leave();
    clearTimeout(timer);
    clearInterval(heartbeat);
    clearTimeout(end);
  });
}

/** With the id of the last event that is left out; an empty one clears that of the client. */
function resetText(last: FeedEvent | undefined): string {
  return `id: ${last?.id ?? ''}\nevent: reset\ndata: {}\n\n`;
}

function eventText({ id, type, subject, time }: FeedEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ subject, time })}\n\n`;
}
