import { InvalidInput } from '@tidewaiter/domain';
import { isList, isMap, type Located, type ValueProblem, YamlDocument } from '@tidewaiter/yaml';

/**
 * Value of a YAML file, with every scalar as it was written: `1.50` stays `1.50`, and the reader of
 * a key decides on its type.
 */
export type YamlValue = string | null | YamlValue[] | Map<string, YamlValue>;

const maxFileBytes = 1024 * 1024;
/**
 * Nodes of one file. Aliases count once per use, so that a few lines cannot expand to millions of
 * nodes.
 */
const maxNodes = 100_000;
const maxDepth = 100;
const maxSyntaxErrors = 20;

/**
 * Reads one YAML document. Problems of the YAML itself are added to `problems` by line, never with
 * the text of the line: it may hold a secret.
 * @throws InvalidInput `ROUTING_INVALID` over a limit, where reading on makes no sense
 */
export function readYaml(text: string, problems: string[]): YamlValue {
  if (Buffer.byteLength(text) > maxFileBytes) throw overLimit(`the file is larger than ${maxFileBytes} bytes`);
  const document = new YamlDocument(text, { scalars: 'text' });
  const errors = [...document.errors, ...document.warnings];
  if (errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION'))
    throw overLimit(`nested deeper than ${maxDepth} levels`);
  for (const { code, line } of errors.slice(0, maxSyntaxErrors))
    problems.push(`line ${line}: not valid YAML (${code})`);
  if (errors.length > 0) return null;
  const located = document.values({
    maxDepth,
    maxValues: maxNodes,
    repeatedKeys: 'first',
    problem: (problem) => problems.push(messageOf(problem)),
    overLimit: (limit) =>
      limit === 'maxDepth'
        ? overLimit(`nested deeper than ${maxDepth} levels`)
        : overLimit(`more than ${maxNodes} values, aliases counted`),
  });
  return withoutLines(located);
}

function overLimit(message: string): InvalidInput {
  return new InvalidInput('ROUTING_INVALID', message);
}

function messageOf({ kind, line, mapLine = line, key = '' }: ValueProblem): string {
  switch (kind) {
    case 'alias without anchor':
      return `line ${line}: an alias has no anchor above it`;
    case 'key without text':
      return `line ${line}: a key must be plain text`;
    case 'repeated key':
      return `line ${line}: duplicate key ${showKey(key)}`;
    case 'merge of no map':
      return `line ${mapLine}: << takes a map or a list of maps`;
    case 'unsupported tag':
      return `line ${line}: this YAML tag is not supported`;
  }
}

/** Scalars read as text are text or null. */
function withoutLines({ value }: Located): YamlValue {
  if (isMap(value)) return new Map([...value].map(([key, each]) => [key, withoutLines(each)]));
  return isList(value) ? value.map(withoutLines) : (value as string | null);
}

/**
 * Formats a key for messages: unquoted where that is safe, else quoted, shortened, and without
 * terminal control characters.
 */
export function showKey(key: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,63}(?:\[\d+\])?$/.test(key)) return key;
  return showName(key);
}

/** Quotes a user-defined name safely for a terminal; unlike a value it is never secret. */
export function showName(name: string): string {
  return JSON.stringify(name.slice(0, 64)).replaceAll(/[^\x20-\x7e]/g, '?');
}
