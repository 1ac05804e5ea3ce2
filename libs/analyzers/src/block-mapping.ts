import { linesOf } from './package-database.js';

/** Lock files nest to 5; deeper lines are text or an attack. */
const maxDepth = 16;

/** One line of a block mapping. */
export interface BlockLine {
  /** From the top to the key of this line. */
  keys: readonly string[];
  /** Text after the colon, without quotes: a scalar, a flow collection as written, or nothing. */
  value: string;
}

/**
 * Parses the subset of YAML in which package managers write lock files: block mappings with one
 * scalar or flow collection per line; items of lists count as mappings within the list's key. A
 * YAML parser takes seconds for lock files of usual size and gigabytes for hostile ones; this takes
 * linear time and a stack.
 * @see https://yaml.org/spec/1.2.2/ "8.2.2. Block Mappings"
 */
export function* blockLines(text: string): Generator<BlockLine> {
  const keys: string[] = [];
  const indents: number[] = [];
  for (const line of linesOf(text)) {
    const found = readLine(line);
    if (!found) continue;
    while (indents.length > 0 && indents.at(-1)! >= found.indent) {
      indents.pop();
      keys.pop();
    }
    if (keys.length === maxDepth) continue;
    indents.push(found.indent);
    keys.push(found.key);
    yield { keys: [...keys], value: found.value };
  }
}

interface Field {
  indent: number;
  key: string;
  value: string;
}

function readLine(line: string): Field | undefined {
  const start = line.search(/[^ ]/);
  if (start === -1 || line.charAt(start) === '#') return undefined;
  // `- a: b` is an item whose mapping starts behind the dash; `? key` and `: value` stand for keys
  // over 1,024 characters.
  const mark = line.charAt(start + 1) === ' ' ? line.charAt(start) : '';
  const isMarked = mark === '-' || mark === '?' || mark === ':';
  const rest = line.slice(isMarked ? start + 2 : start).trim();
  if (mark === '?') return { indent: start, key: unquoted(rest), value: '' };
  const end = endOfKey(rest);
  if (end < 1) return undefined;
  return {
    indent: isMarked ? start + 2 : start,
    key: unquoted(rest.slice(0, end)),
    value: unquoted(rest.slice(end + 1).trim()),
  };
}

/** Index of the colon after the key, or -1. */
function endOfKey(rest: string): number {
  const quote = rest.charAt(0);
  if (quote === '"' || quote === "'") {
    const end = rest.indexOf(`${quote}:`, 1);
    return end === -1 ? -1 : end + 1;
  }
  const end = rest.indexOf(': ');
  if (end !== -1) return end;
  return rest.endsWith(':') ? rest.length - 1 : -1;
}

function unquoted(text: string): string {
  if (text.length < 2) return text;
  if (text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
