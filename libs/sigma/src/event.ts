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
  /** Value of a field; undefined when it is missing. Asked at most once by a match, and again when it is explained. */
  field(name: string): unknown;
  /** Every scalar value of the event, for keywords. */
  scalars(): Iterable<string | number | boolean>;
}

/** Whether a rule of this logsource looks at events of that one. @see Sigma rules specification 2.1, "Log Source" */
export function appliesTo(rule: LogSource, event: LogSource): boolean {
  return (
    (rule.product === undefined || rule.product === event.product) &&
    (rule.category === undefined || rule.category === event.category) &&
    (rule.service === undefined || rule.service === event.service)
  );
}
