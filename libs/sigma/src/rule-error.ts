import { InvalidInput } from '@tidewaiter/domain';

/** One document that cannot be used, and why. The others load. */
export class RuleError extends InvalidInput {
  /** @param line in the file, from 1 */
  constructor(
    readonly line: number,
    readonly reason: string,
  ) {
    super('RULE_INVALID', `line ${line}: ${reason}`);
  }
}

const maxShown = 80;

/** Text of a rule as messages show it: quoted, cut, and without anything that could move a terminal's cursor. */
export function shown(text: string): string {
  const cut = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
  return JSON.stringify(cut).replaceAll(/[^\x20-\x7e…]/g, '?');
}
