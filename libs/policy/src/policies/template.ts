import type { Environment } from '@marcbachmann/cel-js';
import { cut } from '@tidewaiter/domain';

import type { PolicyContext } from './context.js';
import { compile, type CelExpression } from './expression.js';

/** Message with placeholders. */
export interface Template {
  /** Names that it uses. */
  names: ReadonlySet<string>;
  /** Undefined if a value in it is unknown. */
  fill(context: PolicyContext): string | undefined;
}

const maxMessage = 500;

/**
 * Parses a message with CEL expressions in braces: `{size(old)} findings are old: {ids(old)}`.
 * @throws InvalidInput `POLICY_INVALID`
 */
export function readTemplate(language: Environment, message: string, where: string): Template {
  const parts = message
    .split(/(\{[^{}]*\})/)
    .map((part) => (part.startsWith('{') && part.endsWith('}') ? compile(language, part.slice(1, -1), where) : part));
  return {
    names: new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [...part.names]))),
    fill(context) {
      const texts = parts.map((part) => (typeof part === 'string' ? part : textOf(part, context)));
      return texts.includes(undefined) ? undefined : cut(texts.join(''), maxMessage);
    },
  };
}

function textOf(expression: CelExpression, context: PolicyContext): string | undefined {
  const answer = expression.ask(context);
  return 'value' in answer ? String(answer.value) : undefined;
}
