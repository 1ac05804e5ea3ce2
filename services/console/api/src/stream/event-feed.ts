import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { auditRecorded, catalog, type CloudEvent, runtimeObserved } from '@tidewaiter/events';

/** A change that pages follow: they ask the API for what they show of it. */
export interface FeedEvent {
  /** Id of the event, the same in every replica; null for a changed list, which is not repeated. */
  id: string | null;
  /** `incident.updated`; `list.changed` */
  type: string;
  /** Id, digest, repository or name that it is about; of a changed list its name. */
  subject: string;
  /**
   * Id by which limits are applied, not sent: of the push, where the subject is a name that other
   * registries may have, too; else the subject.
   */
  limitedBy: string;
  time: string;
}

/** Type of the event of a list of which PostgreSQL has written rows. */
export const listChanged = 'list.changed';

/** Events that are kept for clients that connect again. */
const kept = 2_000;
const typePrefix = 'dev.tidewaiter.';
// Runtime events are thousands a second, and no page shows each. The audit log is for
// administrators.
const followed = catalog.filter((type) => type !== runtimeObserved && type !== auditRecorded);

/** Events of all services as they are published, with the last ones for clients that were away. */
@Injectable()
export class EventFeed implements OnModuleInit {
  /** By id, oldest first. */
  readonly #recent = new Map<string, FeedEvent>();
  readonly #listeners = new Set<(event: FeedEvent | 'gap') => void>();

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    for (const type of followed) this.bus.onPublished(type, (event) => this.#add(event));
    // Events that are published before the connection is back do not arrive here.
    this.bus.onLoss(() => {
      this.#recent.clear();
      this.#report('gap');
    });
  }

  /** Events after the one with an id, oldest first; null if that one is not known any more. */
  since(id: string): FeedEvent[] | null {
    if (!this.#recent.has(id)) return null;
    const events = [...this.#recent.values()];
    return events.slice(events.findIndex((event) => event.id === id) + 1);
  }

  /** Calls `listener` for every event and every gap, until the returned function is called. */
  follow(listener: (event: FeedEvent | 'gap') => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get isFollowed(): boolean {
    return this.#listeners.size > 0;
  }

  /** Reports that rows of a list changed. */
  announce(list: string): void {
    this.#report({ id: null, type: listChanged, subject: list, limitedBy: list, time: new Date().toISOString() });
  }

  /** The relay may publish an event twice; JetStream drops the repetition, subscribers see it. */
  #add({ id, type, subject, time, data }: CloudEvent): void {
    if (this.#recent.has(id)) return;
    const { pushId: limitedBy = subject } = (data ?? {}) as { pushId?: string };
    const event = { id, type: type.slice(typePrefix.length).replace(/\.v\d+$/, ''), subject, limitedBy, time };
    this.#recent.set(id, event);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > kept && oldest !== undefined) this.#recent.delete(oldest);
    this.#report(event);
  }

  #report(event: FeedEvent | 'gap'): void {
    for (const listener of this.#listeners) listener(event);
  }
}
