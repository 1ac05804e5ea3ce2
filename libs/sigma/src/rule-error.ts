import { InvalidInput } from '@tidewaiter/domain';

/** Error of one document, which is refused. The others load. */
export class RuleError extends InvalidInput {
  /** @param line line in the file, from 1 */
  constructor(
    readonly line: number,
    readonly reason: string,
  ) {
    super('RULE_INVALID', `line ${line}: ${reason}`);
  }
}

const maxShown = 80;

/**
 * Formats text of a rule for messages: quoted, truncated, and without terminal control characters.
 */
export function shown(text: string): string {
  const cut = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
  return JSON.stringify(cut).replaceAll(/[^\x20-\x7e…]/g, '?');
}
