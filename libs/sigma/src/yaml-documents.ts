import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, Pair, Scalar, YAMLMap } from 'yaml';

import type { Located, LocatedMap, LocatedValue } from './located.js';
import { RuleError, shown } from './rule-error.js';

export const yamlLimits = {
  maxFileLength: 1024 * 1024,
  maxDocuments: 1_000,
  /**
   * Limit on nodes of one document. An alias counts all its nodes at each use, so that a few lines
   * cannot expand to millions.
   */
  maxNodes: 20_000,
  maxDepth: 32,
} as const;

/** One document of a file, not yet parsed. */
export interface DocumentText {
  text: string;
  /** First line in the file, from 1. */
  line: number;
}

/**
 * Splits a file at its document markers, so that a broken document does not affect the others.
 * @throws RuleError over a limit
 */
export function splitDocuments(file: string): DocumentText[] {
  if (file.length > yamlLimits.maxFileLength)
    throw new RuleError(1, `the file has more than ${yamlLimits.maxFileLength} characters`);
  const documents: DocumentText[] = [];
  const text = file.replace(/^\uFEFF/, '');
  const close = (start: number, end: number, line: number) => {
    const part = text.slice(start, end);
    if (!isEmpty(part)) documents.push({ text: part, line });
    if (documents.length > yamlLimits.maxDocuments)
      throw new RuleError(line, `the file has more than ${yamlLimits.maxDocuments} documents`);
  };
  let start = 0;
  let line = 1;
  for (const { index, 0: marker } of text.matchAll(/^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm)) {
    close(start, index, line);
    line += linesIn(text, start, index);
    // `--- value` belongs to the next document; `...` belongs to none.
    start = marker === '...' ? index + marker.length : index;
  }
  close(start, text.length, line);
  return documents;
}

function isEmpty(part: string): boolean {
  return part
    .replace(/^---/, '')
    .split('\n')
    .every((line) => /^\s*(?:#|%|$)/.test(line));
}

function linesIn(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/**
 * Parses one document to plain values. Application tags are ignored: the tagged value counts.
 * @throws RuleError
 * @see https://yaml.org/spec/1.2.2/
 */
export function readDocument({ text, line }: DocumentText): Located {
  const counter = new LineCounter();
  const document = parse(text, line, counter);
  const [error] = document.errors;
  if (error) throw new RuleError(counter.linePos(error.pos[0]).line + line - 1, `no valid YAML (${error.code})`);
  return new Walk((offset) => counter.linePos(offset).line + line - 1).read(document.contents, 1, line);
}

function parse(text: string, line: number, lineCounter: LineCounter) {
  try {
    // The library compares every key with every other one; `Walk` checks for duplicates with a Map.
    return parseDocument(text, { schema: 'core', merge: false, prettyErrors: false, uniqueKeys: false, lineCounter });
  } catch {
    throw new RuleError(line, 'cannot be read as YAML');
  }
}

/** Converts nodes of the library to values. One pass, so an alias refers to an anchor above it and never to itself. */
class Walk {
  #nodes = 0;
  readonly #anchors = new Map<string, { located: Located; nodes: number }>();

  constructor(private readonly lineAt: (offset: number) => number) {}

  read(node: Node | null, depth: number, line: number): Located {
    if (depth > yamlLimits.maxDepth) throw new RuleError(line, `nested deeper than ${yamlLimits.maxDepth} levels`);
    this.#count(1, line);
    if (node === null) return { value: null, line };
    const own = this.#lineOf(node);
    if (isAlias(node)) return this.#follow(node.source, own);
    const before = this.#nodes;
    const located: Located = { value: this.#value(node, depth, own), line: own };
    if (node.anchor) this.#anchors.set(node.anchor, { located, nodes: this.#nodes - before });
    return located;
  }

  #value(node: Node, depth: number, line: number): LocatedValue {
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null, depth + 1, line));
    return isScalar(node) ? scalar(node) : null;
  }

  #map(node: YAMLMap, depth: number): LocatedMap {
    const map = new Map<string, Located>();
    const merged: Located[] = [];
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const line = this.#lineOf(key);
      if (!isScalar(key)) throw new RuleError(line, 'a key must be text');
      const name = String(key.value);
      const read = this.read(value, depth + 1, line);
      if (name === '<<') merged.push(...(Array.isArray(read.value) ? (read.value as readonly Located[]) : [read]));
      else if (map.has(name)) throw new RuleError(line, `duplicate key ${shown(name)}`);
      // The line of the key is more useful than the one where its list or map begins.
      else map.set(name, { value: read.value, line });
    }
    for (const source of merged) this.#merge(map, source);
    return map;
  }

  /** Merges maps by YAML 1.1's merge key: the map's own keys take precedence. @see https://yaml.org/type/merge.html */
  #merge(map: Map<string, Located>, { value, line }: Located): void {
    if (!(value instanceof Map)) throw new RuleError(line, '<< takes a map or a list of maps');
    for (const [key, located] of value as LocatedMap) {
      this.#count(1, line);
      if (!map.has(key)) map.set(key, located);
    }
  }

  #follow(name: string, line: number): Located {
    const anchor = this.#anchors.get(name);
    if (!anchor) throw new RuleError(line, 'an alias has no anchor above it');
    this.#count(anchor.nodes, line);
    return anchor.located;
  }

  #lineOf(node: Node): number {
    return this.lineAt(node.range?.[0] ?? 0);
  }

  #count(nodes: number, line: number): void {
    this.#nodes += nodes;
    if (this.#nodes > yamlLimits.maxNodes)
      throw new RuleError(line, `more than ${yamlLimits.maxNodes} values, aliases counted`);
  }
}

function scalar({ value, source }: Scalar): LocatedValue {
  // A number beyond the range of JavaScript keeps its digits as text.
  if (typeof value === 'number' && !isExact(value)) return source ?? String(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return null;
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
