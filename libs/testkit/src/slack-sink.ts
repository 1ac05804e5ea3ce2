import { httpSink, type SinkAnswer, type HttpSink, type ReceivedRequest } from './http-sink.js';

/** Message as the Web API returns it. */
export interface SlackPost {
  ts: string;
  /** In a reply: the message that it answers. */
  thread_ts?: string;
  /** In a reply that is also posted to the channel. */
  subtype?: 'thread_broadcast';
  text: string;
  blocks: unknown[];
  metadata?: { event_type: string; event_payload: Record<string, unknown> };
  /** How often it was edited. */
  edits: number;
}

export interface SlackSink extends HttpSink {
  /** An incoming webhook's address. */
  webhookUrl: string;
  /** URL before `chat.postMessage`. */
  apiUrl: string;
  /** Messages of a channel as displayed, oldest first, without replies that are only in threads. */
  channel(id: string): SlackPost[];
  /** Replies to a message, oldest first. */
  thread(id: string, ts: string): SlackPost[];
  /** Deletes a message as a user does. */
  remove(id: string, ts: string): void;
}

type Fields = Record<string, unknown>;
type Method = (fields: Fields) => Record<string, unknown>;

/**
 * Fake of Slack's messages: incoming webhooks, and the methods of the Web API with which a bot
 * keeps one message up to date.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * @see https://docs.slack.dev/reference/methods
 */
export async function slackSink(): Promise<SlackSink> {
  const workspace = new Workspace();
  const sink = await httpSink((request) => answer(request, workspace));
  return {
    ...sink,
    webhookUrl: `${sink.url}/services/T000/B000/secret`,
    apiUrl: `${sink.url}/api`,
    channel: (id) => workspace.posts(id).filter(isInChannel),
    thread: (id, ts) => workspace.posts(id).filter((post) => post.thread_ts === ts),
    remove: (id, ts) => workspace.remove(id, ts),
  };
}

function answer({ path, headers, text, body }: ReceivedRequest, workspace: Workspace): SinkAnswer {
  if (path.startsWith('/services/')) return { status: 200, body: 'ok' };
  const name = /^\/api\/([A-Za-z.]+)$/.exec(path)?.[1];
  const method = name === undefined ? undefined : workspace.methods.get(name);
  if (!method) return { status: 404, body: 'not found' };
  // The Web API returns most errors with status 200.
  if (!headers.authorization?.startsWith('Bearer ')) return { status: 200, body: { ok: false, error: 'not_authed' } };
  const isJson = headers['content-type']?.startsWith('application/json') ?? false;
  const fields = isJson || typeof body === 'object' ? body : Object.fromEntries(new URLSearchParams(text));
  try {
    return { status: 200, body: { ok: true, ...method((fields ?? {}) as Fields) } };
  } catch (error) {
    return { status: 200, body: { ok: false, error: (error as Error).message } };
  }
}

/** Channels of one workspace. A method throws an error with Slack's own code. */
class Workspace {
  readonly #channels = new Map<string, SlackPost[]>();
  #written = 0;

  readonly methods = new Map<string, Method>([
    ['chat.postMessage', (fields) => this.#post(fields)],
    ['chat.update', (fields) => this.#update(fields)],
    ['conversations.history', (fields) => this.#history(fields)],
    ['conversations.replies', (fields) => this.#replies(fields)],
  ]);

  posts(id: string): SlackPost[] {
    return this.#channels.get(id) ?? [];
  }

  remove(id: string, ts: string): void {
    this.#channels.set(
      id,
      this.posts(id).filter((post) => post.ts !== ts),
    );
  }

  #post({ channel, thread_ts: thread, reply_broadcast: isBroadcast, ...content }: Fields): Record<string, unknown> {
    if (typeof channel !== 'string' || channel === '') throw new Error('channel_not_found');
    // Posting accepts a name as well, and returns the id that all other methods need.
    const id = channel.startsWith('#') ? `C${channel.slice(1).toUpperCase()}` : channel;
    this.#written += 1;
    const post: SlackPost = {
      ts: `1700000000.${String(this.#written).padStart(6, '0')}`,
      edits: 0,
      ...contentOf(content),
    };
    if (typeof thread === 'string') post.thread_ts = thread;
    if (typeof thread === 'string' && isBroadcast === true) post.subtype = 'thread_broadcast';
    this.#channels.set(id, [...this.posts(id), post]);
    return { channel: id, ts: post.ts };
  }

  #update({ channel, ts, ...content }: Fields): Record<string, unknown> {
    const post = this.#inChannel(channel).find((each) => each.ts === ts);
    if (!post) throw new Error('message_not_found');
    Object.assign(post, contentOf(content), { edits: post.edits + 1 });
    return { channel, ts };
  }

  #history({ channel, limit = '100', include_all_metadata: withMetadata }: Fields): Record<string, unknown> {
    const posts = this.#inChannel(channel).filter(isInChannel).toReversed().slice(0, Number(limit));
    return { messages: posts.map((post) => shown(post, withMetadata)) };
  }

  #replies({ channel, ts, limit = '1000', include_all_metadata: withMetadata }: Fields): Record<string, unknown> {
    const posts = this.#inChannel(channel).filter((post) => post.ts === ts || post.thread_ts === ts);
    if (posts.length === 0) throw new Error('thread_not_found');
    return { messages: posts.slice(0, Number(limit)).map((post) => shown(post, withMetadata)) };
  }

  #inChannel(id: unknown): SlackPost[] {
    if (typeof id !== 'string' || id.startsWith('#')) throw new Error('channel_not_found');
    return this.posts(id);
  }
}

function contentOf({ text, blocks, metadata }: Fields): Pick<SlackPost, 'text' | 'blocks' | 'metadata'> {
  return {
    text: String(text),
    blocks: (blocks ?? []) as unknown[],
    ...(metadata ? { metadata: metadata as never } : {}),
  };
}

function isInChannel({ thread_ts: thread, subtype }: SlackPost): boolean {
  return thread === undefined || subtype === 'thread_broadcast';
}

/** Returns metadata only on request. */
function shown({ metadata, edits: _, ...post }: SlackPost, withMetadata: unknown): object {
  return String(withMetadata) === 'true' && metadata ? { ...post, metadata } : post;
}
