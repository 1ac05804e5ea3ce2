import { eventTypes, listChanged } from './topics.js';

/** Message between the tabs of a browser. */
export type ChannelMessage =
  /** A new tab asks whether the stream is open. */
  { kind: 'hello' } | { kind: 'state'; isLive: boolean } | { kind: 'event'; type: string; subject?: string };

const name = 'tidewaiter-events';
/** A stream that the server refuses is opened again after this time. */
const retryMs = 15_000;

/**
 * Follows the events of the API over one connection for all tabs of the browser: the tab that holds
 * the lock has it, and passes events on. Locks need an address with TLS or of this machine; without
 * them nothing is received, and pages poll. Returns a function that leaves.
 */
export function followEvents(receive: (message: ChannelMessage) => void): () => void {
  if (!('locks' in navigator) || !('BroadcastChannel' in globalThis)) return () => undefined;
  const leaving = new AbortController();
  const channel = new BroadcastChannel(name);
  let hadLeader = false;
  channel.addEventListener('message', ({ data }) => {
    const message = data as ChannelMessage;
    hadLeader ||= message.kind === 'state';
    receive(message);
  });
  channel.postMessage({ kind: 'hello' } satisfies ChannelMessage);
  navigator.locks
    .request(name, { signal: leaving.signal }, () =>
      lead({ channel, leaving: leaving.signal, receive, isAgain: hadLeader }),
    )
    .catch(() => undefined);
  return () => {
    leaving.abort();
    channel.close();
  };
}

interface Lead {
  channel: BroadcastChannel;
  leaving: AbortSignal;
  receive: (message: ChannelMessage) => void;
  /** Whether events before the connection may have been missed. */
  isAgain: boolean;
}

/** Reads the stream for all tabs until this one leaves. */
function lead({ channel, leaving, receive, isAgain }: Lead): Promise<void> {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pass = (message: ChannelMessage) => {
    if (leaving.aborted) return;
    channel.postMessage(message);
    receive(message);
  };
  const state = (): ChannelMessage => ({ kind: 'state', isLive: source?.readyState === EventSource.OPEN });
  const open = () => {
    source = new EventSource(new URL('api/v1/stream', document.baseURI));
    for (const type of [...eventTypes, 'reset']) source.addEventListener(type, () => pass({ kind: 'event', type }));
    source.addEventListener(listChanged, ({ data }: MessageEvent<string>) =>
      pass({ kind: 'event', type: listChanged, ...(JSON.parse(data) as { subject: string }) }),
    );
    source.addEventListener('open', () => {
      // A new connection has no id from which it could continue; that of a browser has.
      if (isAgain) pass({ kind: 'event', type: 'reset' });
      isAgain = false;
      pass(state());
    });
    source.addEventListener('error', () => {
      pass(state());
      // The browser connects again by itself unless the answer was an error.
      if (source?.readyState !== EventSource.CLOSED) return;
      isAgain = true;
      timer = setTimeout(open, retryMs);
    });
  };
  channel.addEventListener('message', ({ data }) => {
    if ((data as ChannelMessage).kind === 'hello') channel.postMessage(state());
  });
  open();
  return new Promise((resolve) => {
    leaving.addEventListener('abort', () => {
      clearTimeout(timer);
      source?.close();
      resolve();
    });
  });
}
