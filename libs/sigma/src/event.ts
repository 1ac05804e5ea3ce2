/** Log source of an event, in Sigma's terms. */
export interface LogSource {
  product?: string;
  category?: string;
  service?: string;
}

/** Event in the form that rules read. */
export interface SigmaEvent {
  /**
   * Log sources of the event: a rule applies when each of category, product and service that it
   * names equals that of one of these.
   */
  logsources: readonly LogSource[];
  /**
   * Returns the value of a field; undefined when it is missing. Called at most once by a match, and
   * again when it is explained.
   */
  field(name: string): unknown;
  /** Returns all scalar values of the event, for keywords. */
  scalars(): Iterable<string | number | boolean>;
}

/**
 * Whether a rule of this logsource applies to events of that one.
 * @see Sigma rules specification 2.1, "Log Source"
 */
export function appliesTo(rule: LogSource, event: LogSource): boolean {
  return (
    (rule.product === undefined || rule.product === event.product) &&
    (rule.category === undefined || rule.category === event.category) &&
    (rule.service === undefined || rule.service === event.service)
  );
}
