import type { z } from 'zod';

/**
 * Type of an event that crosses a service boundary. Its schema only grows; anything else is a new
 * version.
 */
export interface EventType<Data extends z.ZodType = z.ZodType> {
  /** CloudEvents `type`: `dev.tidewaiter.<noun>.<past participle>.v<N>`. */
  type: string;
  /** NATS subject: `tidewaiter.<noun>.<past participle>`. */
  channel: string;
  /** Service that publishes it. */
  by: string;
  /** One sentence that describes the fact. */
  summary: string;
  /** Content of the CloudEvents `subject` attribute. */
  about: string;
  data: Data;
}

type EventFacts<Data extends z.ZodType> = Pick<EventType<Data>, 'by' | 'summary' | 'about' | 'data'>;

/** Declares an event by its noun and past participle. */
export function eventType<Data extends z.ZodType>(
  name: `${string}.${string}`,
  facts: EventFacts<Data>,
): EventType<Data> {
  return { type: `dev.tidewaiter.${name}.v1`, channel: `tidewaiter.${name}`, ...facts };
}

/**
 * CloudEvents 1.0 envelope in structured mode. @see
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export interface CloudEvent<Data = unknown> {
  specversion: '1.0';
  /** UUID version 7. Consumers deduplicate by it. */
  id: string;
  /** `/tidewaiter/<service>`. */
  source: string;
  type: string;
  subject: string;
  /** RFC 3339. */
  time: string;
  datacontenttype: 'application/json';
  data: Data;
  /**
   * W3C trace context of the work that caused the event (CloudEvents distributed tracing
   * extension).
   */
  traceparent?: string;
}

export type DataOf<Type extends EventType> = z.output<Type['data']>;

export type EventOf<Type extends EventType> = CloudEvent<DataOf<Type>>;

/** Event to publish. The store adds id, time and source when it commits. */
export interface Draft<Type extends EventType = EventType> {
  event: Type;
  subject: string;
  data: DataOf<Type>;
  /**
   * W3C trace context of the work that caused it, if one transaction emits events of several; else
   * the active one is used.
   */
  traceparent?: string | undefined;
}

/**
 * Creates a draft, validated against its schema: an event that consumers would reject must fail its
 * transaction.
 * @throws ZodError
 */
export function draft<Type extends EventType>(event: Type, subject: string, data: z.input<Type['data']>): Draft<Type> {
  return { event, subject, data: event.data.parse(data) as DataOf<Type> };
}
