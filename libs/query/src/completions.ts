import { type Fields, operatorsOf } from './fields.js';

/** A text that may replace a part of a query. */
export interface Completion {
  text: string;
  description: string;
}

/** Completions at a place of a query, and the part that they replace. */
export interface Completions {
  start: number;
  end: number;
  items: readonly Completion[];
  /** Field whose value is being written, where only the list itself knows the values. */
  fieldOfValue?: string;
}

const namePart = /^-?([\w.-]*)$/;
const valuePart = /^-?([\w.-]+)(?:!=|<=|>=|=|<|>|:)(?:.*,)?([^,]*)$/s;

/**
 * Completes the term before the cursor: names of fields, then values of the field.
 * @param cursor from 0, between characters
 */
export function completionsAt(text: string, cursor: number, fields: Fields): Completions {
  const start = termStart(text, cursor);
  const term = text.slice(start, cursor);
  const end = termEnd(text, cursor);
  const [, name, written = ''] = valuePart.exec(term) ?? [];
  const field = name === undefined ? undefined : fields[name.toLowerCase()];
  if (name !== undefined && field !== undefined && Object.hasOwn(fields, name.toLowerCase())) {
    const range = { start: cursor - written.length, end };
    if (field.type === 'flag') return { ...range, items: valuesLike(written, ['true', 'false']) };
    if (field.type === 'choice' || field.type === 'rank') return { ...range, items: valuesLike(written, field.values) };
    if (field.type === 'time') return { ...range, items: valuesLike(written, ['1h', '1d', '7d', '30d']) };
    return { ...range, items: [], fieldOfValue: name.toLowerCase() };
  }
  const [, prefix = ''] = namePart.exec(term) ?? [];
  const isName = namePart.test(term);
  const items = Object.entries(fields)
    .filter(([each]) => isName && each.startsWith(prefix.toLowerCase()))
    .map(([each, known]) => ({
      text: known.type === 'flag' ? each : `${each}${operatorsOf(known).length > 2 ? '>=' : '='}`,
      description: known.description,
    }));
  return { start: cursor - prefix.length, end, items };
}

function valuesLike(prefix: string, values: readonly string[]): Completion[] {
  return values
    .filter((value) => value.toLowerCase().startsWith(prefix.toLowerCase()))
    .map((text) => ({ text, description: '' }));
}

/** Start of the term at the cursor; a quotation mark keeps spaces in it. */
function termStart(text: string, cursor: number): number {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < cursor; at += 1) {
    if (text[at] === '\\' && isQuoted) at += 1;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && /[\s()]/.test(text[at]!)) start = at + 1;
  }
  return Math.min(start, cursor);
}

function termEnd(text: string, cursor: number): number {
  let end = cursor;
  while (end < text.length && !/[\s(),]/.test(text[end]!)) end += 1;
  return end;
}
