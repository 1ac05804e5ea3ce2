import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair, Scalar, YAMLMap } from 'yaml';

import type { Located, LocatedMap, LocatedScalar, LocatedValue } from './located.js';

/** Rules of one kind of file for values that YAML allows. */
export interface ValueRules {
  maxDepth: number;
  /**
   * Limit on values. An alias counts all its values at each use, so that a few lines cannot expand
   * to millions.
   */
  maxValues: number;
  /** Values counted so far, where the documents of a file share the limit. */
  counted?: { values: number };
  /**
   * Value of a repeated key that counts: the first one, with a problem for the others, or the last
   * one.
   */
  repeatedKeys: 'first' | 'last';
  /**
   * Converts a scalar of the core schema with its source text; by default strings, numbers and
   * booleans are kept.
   */
  scalar?(value: unknown, source: string | undefined): LocatedScalar;
  /**
   * Handles a problem, by throwing or by recording it; if recorded, reading continues without the
   * part.
   */
  problem(problem: ValueProblem): void;
  /** Returns the error for a document over a limit. */
  overLimit(limit: 'maxDepth' | 'maxValues', line: number): Error;
}

export interface ValueProblem {
  kind: 'alias without anchor' | 'key without text' | 'repeated key' | 'merge of no map' | 'unsupported tag';
  line: number;
  /** The repeated key. */
  key?: string;
  /** Line of the map that merges. */
  mapLine?: number;
}

/**
 * Converts nodes of the parser to values. One pass, so an alias refers to an anchor above it and
 * never to itself.
 */
export class ValueReader {
  readonly #counted: { values: number };
  readonly #anchors = new Map<string, { located: Located; values: number }>();

  /**
   * @param isText whether scalars are text: then keys must be text, too, and tags are not ignored
   */
  constructor(
    private readonly lineAt: (offset: number) => number,
    private readonly rules: ValueRules,
    private readonly isText: boolean,
  ) {
    this.#counted = rules.counted ?? { values: 0 };
  }

  /** @param line line to report for a missing value */
  read(node: Node | null, depth: number, line: number): Located {
    if (depth > this.rules.maxDepth) throw this.rules.overLimit('maxDepth', line);
    this.#count(1, line);
    if (node === null) return { value: null, line };
    const own = this.#lineOf(node);
    if (isAlias(node)) return this.#follow(node.source, own);
    const before = this.#counted.values;
    const located: Located = { value: this.#value(node, depth, own), line: own };
    if (node.anchor) this.#anchors.set(node.anchor, { located, values: this.#counted.values - before });
    return located;
  }

  #value(node: Exclude<Node, Alias>, depth: number, line: number): LocatedValue {
    if (isMap(node) && this.#allows(node.tag, mapTag)) return this.#map(node, depth, line);
    if (isSeq(node) && this.#allows(node.tag, seqTag))
      return node.items.map((item) => this.read(item as Node | null, depth + 1, line));
    if (isScalar(node)) {
      if (!this.isText) return (this.rules.scalar ?? scalarOf)(node.value, node.source);
      if (typeof node.value === 'string' || node.value === null) return node.value;
    }
    if (this.isText) this.rules.problem({ kind: 'unsupported tag', line });
    return null;
  }

  #map(node: YAMLMap, depth: number, mapLine: number): LocatedMap {
    const map = new Map<string, Located>();
    const merged: Located[] = [];
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const line = this.#lineOf(key);
      const name = this.#nameOf(key);
      if (name === null) this.rules.problem({ kind: 'key without text', line });
      const read = this.read(value, depth + 1, line);
      if (name === null) continue;
      if (name === '<<' && this.#merges(key)) merged.push(...listOf(read));
      else if (map.has(name) && this.rules.repeatedKeys === 'first')
        this.rules.problem({ kind: 'repeated key', line, key: name });
      // The line of the key is more useful than the one where its list or map begins.
      else map.set(name, { value: read.value, line });
    }
    for (const source of merged) this.#merge(map, source, mapLine);
    return map;
  }

  #nameOf(key: Node): string | null {
    if (!isScalar(key)) return null;
    if (typeof key.value === 'string') return key.value;
    return this.isText ? null : String(key.value);
  }

  /** As text, `<<` in quotes is a key like any other. */
  #merges(key: Node): boolean {
    return !this.isText || (key as Scalar).type === 'PLAIN';
  }

  /**
   * Applies YAML 1.1's merge key: keys of the map itself take precedence.
   * @see https://yaml.org/type/merge.html
   */
  #merge(map: Map<string, Located>, { value, line }: Located, mapLine: number): void {
    if (!(value instanceof Map)) return this.rules.problem({ kind: 'merge of no map', line, mapLine });
    for (const [key, located] of value as LocatedMap) {
      this.#count(1, line);
      if (!map.has(key)) map.set(key, located);
    }
  }

  #follow(name: string, line: number): Located {
    const anchor = this.#anchors.get(name);
    if (!anchor) {
      this.rules.problem({ kind: 'alias without anchor', line });
      return { value: null, line };
    }
    this.#count(anchor.values, line);
    return anchor.located;
  }

  #allows(tag: string | undefined, expected: string): boolean {
    return !this.isText || (tag ?? expected) === expected;
  }

  #lineOf(node: Node): number {
    return this.lineAt(node.range?.[0] ?? 0);
  }

  #count(values: number, line: number): void {
    this.#counted.values += values;
    if (this.#counted.values > this.rules.maxValues) throw this.rules.overLimit('maxValues', line);
  }
}

const mapTag = 'tag:yaml.org,2002:map';
const seqTag = 'tag:yaml.org,2002:seq';

function listOf(located: Located): readonly Located[] {
  return Array.isArray(located.value) ? (located.value as readonly Located[]) : [located];
}

function scalarOf(value: unknown): LocatedScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
