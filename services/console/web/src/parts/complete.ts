/** Text of a query and the place of the cursor in it. */
export interface Completed {
  text: string;
  cursor: number;
}

/**
 * Puts a completion in its place. A space follows unless a value must: behind an operator, or where
 * the query goes on.
 */
export function complete(text: string, { start, end }: { start: number; end: number }, completion: string): Completed {
  const rest = text.slice(end);
  const space = /[=<>]$/.test(completion) || /^[\s),]/.test(rest) ? '' : ' ';
  const before = `${text.slice(0, start)}${completion}${space}`;
  return { text: before + rest, cursor: before.length };
}

/** Texts for a part of a query, and what is wrong with the query. */
export interface Completions {
  start: number;
  end: number;
  items: readonly { text: string; description: string }[];
  problem: { column: number; message: string } | null;
}

/**
 * Completions of an earlier text as far as they hold for what is typed now: those that begin with
 * the part that was typed meanwhile. Undefined where another part is typed.
 */
export function narrowed(completions: Completions, of: Completed, typed: Completed): Completions | undefined {
  if (of.text === typed.text && of.cursor === typed.cursor) return completions;
  const { start, end, items } = completions;
  const isSamePart = typed.cursor >= start && typed.text.slice(0, start) === of.text.slice(0, start);
  const written = typed.text.slice(start, typed.cursor).toLowerCase();
  const fitting = items.filter(({ text }) => text.toLowerCase().startsWith(written));
  if (!isSamePart || fitting.length === 0) return undefined;
  return { ...completions, end: Math.max(typed.cursor, end + typed.text.length - of.text.length), items: fitting };
}
