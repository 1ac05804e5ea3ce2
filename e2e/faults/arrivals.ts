/** Messages that the channels of a platform received. */
import type { Arrival, History } from './check.ts';
import type { FaultyPlatform } from './platform.ts';

/** Messages by the channel that got them. */
type ByChannel = Record<'/' | '/refusing' | '/reminded' | 'mail', Arrival[]>;

/** Messages since the last look at everything. */
export class Arrivals {
  readonly #platform: FaultyPlatform;
  #messages = noMessages();
  readonly #arrived = new Set<string>();
  #readHooks = 0;
  #readMails = 0;
  #seenPosts = 0;

  constructor(platform: FaultyPlatform) {
    this.#platform = platform;
  }

  /** Messages that {@link read} has read. */
  get messages(): Readonly<ByChannel> {
    return this.#messages;
  }

  /** Reads what came since the last call; returns all keys in the channel that gets everything. */
  read(): ReadonlySet<string> {
    const { sink, mail } = this.#platform;
    for (; this.#readHooks < sink.received.length; this.#readHooks += 1) {
      const { headers, body, path } = sink.received[this.#readHooks]!;
      const { groupLabels } = body as { groupLabels?: { tag?: string; namespace?: string } };
      const key = groupLabels?.namespace ?? groupLabels?.tag;
      if (key === undefined) continue;
      const channel = path === '/refusing' || path === '/reminded' ? path : '/';
      this.#messages[channel].push({ key, deliveryId: String(headers['webhook-id']) });
      if (channel === '/') this.#arrived.add(key);
    }
    for (; this.#readMails < mail.received.length; this.#readMails += 1) {
      const { messageId = '', subject = '', text = '' } = mail.received[this.#readMails]!.mail;
      const key = /\bmail-[\w-]+-\d+\b/.exec(`${subject} ${text}`)?.[0];
      if (key !== undefined) this.#messages.mail.push({ key, deliveryId: messageId });
    }
    return this.#arrived;
  }

  /** Returns what came since the last look, and begins the next one. */
  take(): Pick<History, 'arrivals' | 'posts' | 'mails' | 'redriven' | 'reminded'> {
    const allPosts = this.#platform.slack
      .channel('CRIG')
      .map(({ metadata, ts }) => JSON.stringify(metadata?.event_payload ?? ts));
    const news = new Set(allPosts.slice(this.#seenPosts));
    this.#seenPosts = allPosts.length;
    this.read();
    const { '/': arrivals, '/reminded': reminded, '/refusing': refusing, mail: mails } = this.#messages;
    const isRedriven = ({ deliveryId }: Arrival, index: number) =>
      refusing.findIndex((arrival) => arrival.deliveryId === deliveryId) < index;
    this.#messages = noMessages();
    this.#arrived.clear();
    return {
      arrivals,
      posts: allPosts.filter((id) => news.has(id)),
      mails,
      redriven: refusing.filter(isRedriven),
      reminded: reminded.map(({ key }) => key),
    };
  }
}

function noMessages(): ByChannel {
  return { '/': [], '/refusing': [], '/reminded': [], mail: [] };
}
