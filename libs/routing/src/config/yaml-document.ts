import { InvalidInput } from '@tidewaiter/domain';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Alias, Node, Pair, YAMLError, YAMLMap } from 'yaml';

/**
 * Value of a YAML file, with every scalar as it was written: `1.50` stays `1.50`, and the reader of
 * a key decides on its type.
 */
export type YamlValue = string | null | YamlValue[] | Map<string, YamlValue>;

const maxFileBytes = 1024 * 1024;
/** Nodes of one file. Aliases count once per use, so that a few lines cannot expand to millions of nodes. */
const maxNodes = 100_000;
const maxDepth = 100;
const maxSyntaxErrors = 20;

/**
 * Reads one YAML document. Problems of the YAML itself are added to `problems` by line, never with the text of the line: it may hold a secret.
 * @throws InvalidInput `ROUTING_INVALID` over a limit, where reading on makes no sense
 */
export function readYaml(text: string, problems: string[]): YamlValue {
  if (Buffer.byteLength(text) > maxFileBytes) throw overLimit(`the file is larger than ${maxFileBytes} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    customTags: ['null'],
    prettyErrors: false,
    // Avoids the library's quadratic comparison of keys; the walk below uses a Map.
    uniqueKeys: false,
    lineCounter: lines,
  });
  const errors: YAMLError[] = [...document.errors, ...document.warnings];
  if (errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION'))
    throw overLimit(`nested deeper than ${maxDepth} levels`);
  for (const { code, pos } of errors.slice(0, maxSyntaxErrors))
    problems.push(`line ${lines.linePos(pos[0]).line}: not valid YAML (${code})`);
  if (errors.length > 0) return null;
  return new Walk(lines, problems).value(document.contents, 1);
}

function overLimit(message: string): InvalidInput {
  return new InvalidInput('ROUTING_INVALID', message);
}

/**
 * Converts the library's nodes to plain values in one pass, so that an alias can only refer to
 * something above it and never to itself.
 */
class Walk {
  #nodes = 0;
  readonly #anchors = new Map<string, { value: YamlValue; nodes: number }>();

  constructor(
    private readonly lines: LineCounter,
    private readonly problems: string[],
  ) {}

  value(node: Node | null, depth: number): YamlValue {
    if (depth > maxDepth) throw overLimit(`nested deeper than ${maxDepth} levels`);
    this.#count(1);
    if (node === null) return null;
    if (isAlias(node)) return this.#alias(node);
    const before = this.#nodes;
    const value = this.#plain(node, depth);
    if (node.anchor) this.#anchors.set(node.anchor, { value, nodes: this.#nodes - before });
    return value;
  }

  #plain(node: Exclude<Node, Alias>, depth: number): YamlValue {
    if (isMap(node) && (node.tag ?? mapTag) === mapTag) return this.#map(node, depth);
    if (isSeq(node) && (node.tag ?? seqTag) === seqTag)
      return node.items.map((item) => this.value(item as Node | null, depth + 1));
    if (isScalar(node) && (typeof node.value === 'string' || node.value === null)) return node.value;
    this.#problem(node, 'this YAML tag is not supported');
    return null;
  }

  #map(node: YAMLMap, depth: number): YamlValue {
    const map = new Map<string, YamlValue>();
    const merged: YamlValue[] = [];
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const read = this.value(value, depth + 1);
      if (!isScalar(key) || typeof key.value !== 'string') this.#problem(key, 'a key must be plain text');
      else if (key.value === '<<' && key.type === 'PLAIN') merged.push(...(Array.isArray(read) ? read : [read]));
      else if (map.has(key.value)) this.#problem(key, `duplicate key ${showKey(key.value)}`);
      else map.set(key.value, read);
    }
    for (const source of merged) this.#merge(node, map, source);
    return map;
  }

  /** Applies YAML 1.1's merge key: keys of the map itself win. @see https://yaml.org/type/merge.html */
  #merge(node: Node, map: Map<string, YamlValue>, source: YamlValue): void {
    if (!(source instanceof Map)) return this.#problem(node, '<< takes a map or a list of maps');
    for (const [key, value] of source) if (!map.has(key)) map.set(key, value);
  }

  #alias(node: Alias): YamlValue {
    const anchor = this.#anchors.get(node.source);
    if (!anchor) {
      this.#problem(node, 'an alias has no anchor above it');
      return null;
    }
    this.#count(anchor.nodes);
    return anchor.value;
  }

  #count(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes > maxNodes) throw overLimit(`more than ${maxNodes} values, aliases counted`);
  }

  #problem(node: Node, message: string): void {
    this.problems.push(`line ${this.lines.linePos(node.range?.[0] ?? 0).line}: ${message}`);
  }
}

const mapTag = 'tag:yaml.org,2002:map';
const seqTag = 'tag:yaml.org,2002:seq';

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
