import { type Field, type Fields, operatorsOf } from './fields.js';

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
    .flatMap(([each, known]) => nameCompletions(each, known, each === prefix.toLowerCase()));
  return { start: cursor - prefix.length, end, items };
}

/** A field with its most useful operator, or with each where the name is complete. */
function nameCompletions(name: string, field: Field, isComplete: boolean): Completion[] {
  const { description } = field;
  if (field.type === 'flag') return [{ text: name, description }];
  const all = operatorsOf(field);
  const shown = isComplete ? all : [all.length > 2 ? '>=' : '='];
  return shown.map((operator) => ({ text: `${name}${operator}`, description }));
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
