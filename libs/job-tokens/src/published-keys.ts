import { Unavailable } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';

/** Keys that senders publish, by their URL. */
export interface PublishedKeys {
  /**
   * The text at the URL, cached for an hour or for `maxAgeMs`.
   * @throws Unavailable when it cannot be fetched now
   */
  get(url: URL, maxAgeMs?: number): Promise<string>;
}

const keptMs = 3_600_000;
const maxBytes = 256 * 1024;
const maxKept = 64;

/** Fetches keys through egress, each at most once an hour. */
export class FetchedKeys implements PublishedKeys {
  readonly #kept = new Map<string, { text: Promise<string>; since: number }>();

  constructor(
    private readonly egress: Pick<Egress, 'request'>,
    private readonly now: () => number = Date.now,
  ) {}

  async get(url: URL, maxAgeMs = keptMs): Promise<string> {
    const kept = this.#kept.get(url.href);
    if (kept && this.now() - kept.since < maxAgeMs) return kept.text;
    const text = this.#fetch(url);
    this.#kept.set(url.href, { text, since: this.now() });
    if (this.#kept.size > maxKept) this.#kept.delete(this.#kept.keys().next().value ?? '');
    // A failed fetch is not cached: the next call tries again.
    text.catch(() => this.#kept.delete(url.href));
    return text;
  }

  async #fetch(url: URL): Promise<string> {
    const response = await this.egress.request(url);
    const text = await response.text(maxBytes);
    if (response.status !== 200) throw new Unavailable('KEYS_UNAVAILABLE', `${url.host} answers ${response.status}`);
    return text;
  }
}
