import { InvalidInput, type JsonObject } from '@tidewaiter/domain';
import { parseManagedRouting } from '@tidewaiter/receivers';

const unreadable = '# not shown: this release cannot read it, and so does not know its secrets\n';

/** Text of a managed routing as it is stored. */
export function routingText({ text }: JsonObject): string {
  return typeof text === 'string' ? text : '';
}

/**
 * Text of a managed routing without what may be a secret, for viewers and the audit log: values
 * that the readers take for one, comments, and keys without effect.
 */
export function shownRouting(document: JsonObject): string {
  try {
    return parseManagedRouting(routingText(document)).redacted();
  } catch (error) {
    // An earlier release accepted it.
    if (error instanceof InvalidInput) return unreadable;
    throw error;
  }
}
