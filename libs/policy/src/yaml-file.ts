import { InvalidInput } from '@tidewaiter/domain';
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';

const maxFileBytes = 1024 * 1024;
const maxAliasCount = 100;
const maxProblems = 20;

/** Value of a YAML file, with the lines of its parts. */
export interface YamlFile<Value> {
  value: Value;
  /** Line of a part of the value, counted from 1. */
  lineOf(path: readonly PropertyKey[]): number;
}

/**
 * Reads a YAML file by a schema.
 * @throws InvalidInput `code` naming the file, line and key of every problem
 */
export function readYamlFile<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  name: string,
  code: string,
): YamlFile<z.output<Schema>> {
  const fail = (problems: string[]) => new InvalidInput(code, problems.slice(0, maxProblems).join('\n'));
  if (text.length > maxFileBytes) throw fail([`${name}: larger than ${maxFileBytes} bytes`]);
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const line = (offset: number) => lines.linePos(offset).line;
  if (document.errors.length > 0)
    throw fail(document.errors.map((each) => `${name}:${line(each.pos[0])}: not valid YAML (${each.code})`));
  const lineOf = (path: readonly PropertyKey[]) => line(offsetOf(document, path));
  const read = schema.safeParse(plainValue(document) ?? {});
  if (read.success) return { value: read.data, lineOf };
  throw fail(
    read.error.issues.flatMap((issue) =>
      problemsOf(issue).map(({ path, message }) => `${name}:${lineOf(path)}: ${message}`),
    ),
  );

  function plainValue(of: Document): unknown {
    try {
      return of.toJS({ maxAliasCount });
    } catch {
      throw fail([`${name}: an alias has no anchor, or aliases are used too often`]);
    }
  }
}

function problemsOf(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  const at = (path: PropertyKey[]) =>
    path
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
      .join('')
      .replace(/^\./, '');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `unknown key: ${at([...issue.path, key])}`,
    }));
  return [{ path: issue.path, message: `${at(issue.path) || 'the file'}: ${issue.message}` }];
}

/**
 * Offset of the deepest existing part of the path: a missing key is reported at the map that lacks
 * it.
 */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const key of path) {
    const pair = isMap(node)
      ? node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(key))
      : undefined;
    const next =
      pair?.value ?? (node as { get?: (key: unknown, keepScalar: boolean) => unknown } | null)?.get?.(key, true);
    const start = (pair?.key as Node | undefined)?.range?.[0] ?? (next as Node | undefined)?.range?.[0];
    if (start === undefined) break;
    offset = start;
    node = next;
  }
  return offset;
}
