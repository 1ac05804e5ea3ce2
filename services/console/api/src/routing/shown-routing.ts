import { includesRole, InvalidInput, type JsonObject } from '@tidewaiter/domain';
import { parseManagedRouting } from '@tidewaiter/receivers';
import type { ApiCaller } from '@tidewaiter/store';

const unreadable = '# not shown: this release cannot read it, and so does not know its secrets\n';

/** Text of a managed routing as it is stored. */
export function routingText({ text }: JsonObject): string {
  return typeof text === 'string' ? text : '';
}

/**
 * Text of a managed routing for a caller. Callers who may change it need its comments, too, but no
 * secret that an earlier release accepted in it.
 */
export function routingFor({ role }: ApiCaller, document: JsonObject): { text: string; isRedacted: boolean } {
  const isWhole = includesRole(role, 'maintainer') && !hasSecrets(document);
  return { text: isWhole ? routingText(document) : shownRouting(document), isRedacted: !isWhole };
}

function hasSecrets(document: JsonObject): boolean {
  try {
    return parseManagedRouting(routingText(document)).secretLists.length > 0;
  } catch (error) {
    // A text that this release cannot read is changed by those who see it as it is.
    if (error instanceof InvalidInput) return false;
    throw error;
  }
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
