import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml';

import type { Located } from './located.js';
import { ValueReader, type ValueRules } from './value-reader.js';

export interface ParseOptions {
  /** Line of the text's start in its file, from 1. */
  line?: number;
  /** Scalars by the core schema of YAML 1.2, or as the text that was written. */
  scalars?: 'core' | 'text';
  /** Whether the parser reports repeated keys, at a cost that is quadratic in the keys of a map. */
  uniqueKeys?: boolean;
}

/**
 * Error of the YAML itself: its line and the parser's code, never its text, which may be a secret.
 */
export interface SyntaxProblem {
  code: string;
  line: number;
}

/**
 * A parsed YAML document. Application tags are ignored in core scalars: the tagged value counts.
 * @see https://yaml.org/spec/1.2.2/
 */
export class YamlDocument {
  readonly #document: Document;
  readonly #counter = new LineCounter();
  readonly #line: number;
  readonly #scalars: 'core' | 'text';

  /** @throws Error of the parser, for text that it cannot process at all */
  constructor(text: string, { line = 1, scalars = 'core', uniqueKeys = false }: ParseOptions = {}) {
    this.#line = line;
    this.#scalars = scalars;
    this.#document = parseDocument(text, {
      ...(scalars === 'core' ? { schema: 'core' } : { schema: 'failsafe', customTags: ['null'] }),
      merge: false,
      prettyErrors: false,
      uniqueKeys,
      lineCounter: this.#counter,
    });
  }

  get errors(): SyntaxProblem[] {
    return this.#document.errors.map((error) => this.#problemOf(error));
  }

  get warnings(): SyntaxProblem[] {
    return this.#document.warnings.map((warning) => this.#problemOf(warning));
  }

  /**
   * Reads the values with their lines, aliases and merge keys applied.
   * @throws whatever the rules throw
   */
  values(rules: ValueRules): Located {
    const reader = new ValueReader((offset) => this.#lineAt(offset), rules, this.#scalars === 'text');
    return reader.read(this.#document.contents, 1, this.#line);
  }

  /**
   * Returns the value as JavaScript has it.
   * @throws Error when an alias has no anchor, or aliases are used too often
   */
  plain(maxAliasCount: number): unknown {
    return this.#document.toJS({ maxAliasCount });
  }

  /** Line of the deepest existing part of a path: a missing key is at the map that lacks it. */
  lineOf(path: readonly PropertyKey[]): number {
    let offset = 0;
    let node: unknown = this.#document.contents;
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
    return this.#lineAt(offset);
  }

  #problemOf({ code, pos }: YAMLError): SyntaxProblem {
    return { code, line: this.#lineAt(pos[0]) };
  }

  #lineAt(offset: number): number {
    return this.#counter.linePos(offset).line + this.#line - 1;
  }
}
