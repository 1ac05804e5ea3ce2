import type { ServerResponse } from 'node:http';

import type { EventFeed, FeedEvent } from './event-feed.js';

/** Events among some that the client may see. */
export type EventFilter = (events: readonly FeedEvent[]) => Promise<readonly FeedEvent[]>;

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
 * @param visible for a client with limits; one that fails ends the stream
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function writeEvents(
  response: ServerResponse,
  feed: EventFeed,
  lastId: string | undefined,
  visible: EventFilter | null = null,
): void {
  const missed = lastId === undefined ? [] : feed.since(lastId);
  let gathered: FeedEvent[] = [];
  let isReset = missed === null;
  let timer: NodeJS.Timeout | undefined;

  const write = (text: string) => {
    if (text === '' || response.destroyed) return;
    response.write(text);
    if (response.writableLength > maxUnreadBytes) response.destroy();
  };
  let written: Promise<void> = Promise.resolve();
  const flush = () => {
    timer = undefined;
    const [events, wasReset] = [gathered, isReset];
    gathered = [];
    isReset = false;
    const send = (seen: readonly FeedEvent[]) =>
      write(
        wasReset || seen.length > maxGathered
          ? resetText(seen.findLast(({ id }) => id !== null))
          : seen.map(eventText).join(''),
      );
    if (visible === null) send(events);
    // In turn, so that the last event that a client has is the last one that it got.
    else written = written.then(async () => send(await visible(events))).catch(() => void response.destroy());
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
  const idLine = id === null ? '' : `id: ${id}\n`;
  return `${idLine}event: ${type}\ndata: ${JSON.stringify({ subject, time })}\n\n`;
}
