/** Where events come from, in Sigma's words. */
export interface LogSource {
  product?: string;
  category?: string;
  service?: string;
}

/** What rules ask of an event. */
export interface SigmaEvent {
  /** What the event is: a rule applies when each of category, product and service that it names equals that of one of these. */
  logsources: readonly LogSource[];
  /** Value of a field; undefined when it is missing. Asked at most once for an event and a name. */
  field(name: string): unknown;
  /** Every scalar value of the event, for keywords. */
  scalars(): Iterable<string | number | boolean>;
}
