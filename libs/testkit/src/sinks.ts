import { httpSink, type HttpSink } from './http-sink.js';

export interface SlackSink extends HttpSink {
  /** An incoming webhook's address. */
  webhookUrl: string;
  /** What stands before `chat.postMessage`. */
  apiUrl: string;
}

/** Slack, as far as messages go: incoming webhooks and the Web API. @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export async function slackSink(): Promise<SlackSink> {
  let messages = 0;
  const sink = await httpSink(({ path, headers, body }) => {
    if (path.startsWith('/services/')) return { status: 200, body: 'ok' };
    if (!path.startsWith('/api/')) return { status: 404, body: 'not found' };
    // The Web API says most errors with status 200.
    if (!headers.authorization?.startsWith('Bearer ')) return { status: 200, body: { ok: false, error: 'not_authed' } };
    messages += 1;
    const { channel = null } = (body ?? {}) as { channel?: unknown };
    return { status: 200, body: { ok: true, channel, ts: `1700000000.${String(messages).padStart(6, '0')}` } };
  });
  return { ...sink, webhookUrl: `${sink.url}/services/T000/B000/secret`, apiUrl: `${sink.url}/api` };
}

/** A receiver of webhooks that answers 200. */
export async function webhookSink(): Promise<HttpSink> {
  return httpSink(() => ({ status: 200 }));
}
