import type { Egress } from '@tidewaiter/egress';
import type { Logger } from '@tidewaiter/runtime';

const timeoutMs = 5_000;

/**
 * Replies to the user who pressed a button; only this user sees it.
 * @see https://docs.slack.dev/interactivity/handling-user-interaction
 */
export class SlackReplies {
  /** @param base prefix of allowed URLs, so that no request can name another host */
  constructor(
    private readonly egress: Egress,
    private readonly logger: Logger,
    private readonly base = 'https://hooks.slack.com/',
  ) {}

  /** Never fails: the action is already committed. */
  async send(url: string, text: string): Promise<void> {
    if (!url.startsWith(this.base)) return;
    try {
      const response = await this.egress.request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text: escaped(text) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.discard();
    } catch (err) {
      this.logger.debug({ err }, 'reply failed');
    }
  }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => entities[character] ?? character);
}
