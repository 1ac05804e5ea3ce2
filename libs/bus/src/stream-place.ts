import type { StreamInfo } from '@nats-io/jetstream';

/** Position in a stream: after the message of that number. */
export interface StreamPlace {
  /** Names the stream as long as it exists: a recreated one begins its sequence anew. */
  life: string;
  sequence: number;
}

/**
 * Name of the life of a stream in its metadata: the time of its creation, as the server said it
 * first. NATS 2.10 with one replica says another one after restarts, when the stream was updated
 * in between.
 */
export const lifeKey = 'tidewaiter-life';

/** Life of a stream. One of an earlier release, which has none yet, gets this one. */
export function lifeOf({ config, created }: Pick<StreamInfo, 'config' | 'created'>): string {
  return config.metadata?.[lifeKey] ?? created;
}
