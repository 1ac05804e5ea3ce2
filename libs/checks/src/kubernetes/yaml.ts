import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, Pair, YAMLMap } from 'yaml';

import type { Located } from './located.js';

export const yamlLimits = {
  maxFileLength: 8 * 1024 * 1024,
  /** The largest custom resource definitions have one mebibyte. */
  maxDocumentLength: 2 * 1024 * 1024,
  maxDocuments: 10_000,
  /**
   * Colons, commas, opening brackets and line ends in parsed documents of a file: the parser needs
   * 1 KB for each.
   */
  maxMarks: 300_000,
  /**
   * Nodes of one file; an alias counts as often as it is used, so that a few lines cannot expand to
   * millions.
   */
  maxNodes: 200_000,
  maxDepth: 100,
} as const;

/** One document of a file, still as text. */
export interface DocumentText {
  text: string;
  /** Number of its first line in the file, from 1. */
  line: number;
}

/**
 * Splits a file at its document markers, so that a broken document does not affect the others.
 * @throws LimitExceeded `maxFileLength`, `maxDocuments`
 */
export function splitDocuments(text: string): DocumentText[] {
  if (text.length > yamlLimits.maxFileLength) {
    throw new LimitExceeded('maxFileLength', `more than ${yamlLimits.maxFileLength} characters`);
  }
  const documents: DocumentText[] = [];
  let lines: string[] = [];
  let start = 1;
  const close = (next: number) => {
    const isEmpty = lines.every((line) => /^\s*(?:[#%]|$)/.test(line) || /^(?:---|\.\.\.)\s*(?:#|$)/.test(line));
    if (!isEmpty) documents.push({ text: lines.join('\n'), line: start });
    if (documents.length > yamlLimits.maxDocuments)
      throw new LimitExceeded('maxDocuments', `more than ${yamlLimits.maxDocuments} documents`);
    lines = [];
    start = next;
  };
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (/^(?:---|\.\.\.)(?:\s|$)/.test(line)) close(index + 1);
    // An end marker (`...`) is not part of the next document.
    if (!/^\.\.\.(?:\s|$)/.test(line)) lines.push(line);
    else start = index + 2;
  }
  close(0);
  return documents;
}

export type DocumentReader = (document: DocumentText) => Located;

/**
 * Creates a reader for the documents of one file, YAML or JSON, as plain values: for custom tags,
 * the tagged value. Reading throws MalformedFile with the line, never with the text, which may be a
 * secret, and LimitExceeded `maxDocumentLength`, `maxMarks`, `maxNodes` or `maxDepth`.
 * @see https://yaml.org/spec/1.2.2/
 */
export function documentReader(): DocumentReader {
  let marks = 0;
  const budget: Budget = { nodes: 0 };
  return ({ text, line }) => {
    if (text.length > yamlLimits.maxDocumentLength) {
      throw new LimitExceeded(
        'maxDocumentLength',
        `document at line ${line} has more than ${yamlLimits.maxDocumentLength} characters`,
      );
    }
    marks += marksIn(text);
    if (marks > yamlLimits.maxMarks) {
      throw new LimitExceeded(
        'maxMarks',
        `up to the document at line ${line} the file has more than ${yamlLimits.maxMarks} marks`,
      );
    }
    return readDocument(text, line, budget);
  };
}

const marksOfYaml = new Set(':,[{\n');

function marksIn(text: string): number {
  let count = 0;
  for (const char of text) if (marksOfYaml.has(char)) count += 1;
  return count;
}

/** Nodes counted so far in the documents of a file. */
interface Budget {
  nodes: number;
}

function readDocument(text: string, line: number, budget: Budget): Located {
  const counter = new LineCounter();
  const document = parse(text, line, counter);
  const [error] = document.errors;
  if (error) {
    if (document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) throw tooDeep(line);
    throw new MalformedFile(`line ${counter.linePos(error.pos[0]).line + line - 1} is no valid YAML (${error.code})`);
  }
  const lineOf = (node: Node | null) => counter.linePos(node?.range?.[0] ?? 0).line + line - 1;
  return walker(lineOf, line, budget)(document.contents, 1, line);
}

function parse(text: string, line: number, lineCounter: LineCounter) {
  try {
    return parseDocument(text, {
      schema: 'core',
      merge: false,
      prettyErrors: false,
      // The library's uniqueness check is quadratic; a map keeps the last value, as Kubernetes
      // does.
      uniqueKeys: false,
      lineCounter,
    });
  } catch (cause) {
    throw new MalformedFile(`document at line ${line} cannot be read as YAML`, { cause });
  }
}

function tooDeep(line: number): LimitExceeded {
  return new LimitExceeded('maxDepth', `document at line ${line} is nested deeper than ${yamlLimits.maxDepth} levels`);
}

type Walk = (node: Node | null, depth: number, line: number) => Located;

/**
 * Converts nodes of the library into values. One pass, so an alias refers to an earlier node and
 * never to itself.
 */
function walker(lineOf: (node: Node | null) => number, documentLine: number, budget: Budget): Walk {
  const anchors = new Map<string, { located: Located; nodes: number }>();

  function count(more: number): void {
    budget.nodes += more;
    if (budget.nodes > yamlLimits.maxNodes) {
      throw new LimitExceeded(
        'maxNodes',
        `up to the document at line ${documentLine} the file has more than ${yamlLimits.maxNodes} values, aliases counted`,
      );
    }
  }

  function walk(node: Node | null, depth: number, line: number): Located {
    if (depth > yamlLimits.maxDepth) throw tooDeep(documentLine);
    count(1);
    if (node === null) return { value: null, line };
    if (isAlias(node)) return follow(node.source, lineOf(node));
    const before = budget.nodes;
    const located: Located = { value: plain(node, depth), line: lineOf(node) };
    if (node.anchor) anchors.set(node.anchor, { located, nodes: budget.nodes - before });
    return located;
  }

  function follow(name: string, line: number): Located {
    const anchor = anchors.get(name);
    if (!anchor) throw new MalformedFile(`line ${line} uses an alias that has no anchor above it`);
    count(anchor.nodes);
    return anchor.located;
  }

  function plain(node: Node, depth: number): Located['value'] {
    if (isMap(node)) return mapOf(node, depth);
    if (isSeq(node)) return node.items.map((item) => walk(item as Node | null, depth + 1, lineOf(node)));
    const value: unknown = isScalar(node) ? node.value : null;
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }

  function mapOf(node: YAMLMap, depth: number): ReadonlyMap<string, Located> {
    const map = new Map<string, Located>();
    const merged: Located[] = [];
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const line = lineOf(key);
      const read = walk(value, depth + 1, line);
      if (!isScalar(key)) continue;
      // The line of the key is more useful than the line where a list or map begins.
      if (key.value === '<<') merged.push(...(Array.isArray(read.value) ? (read.value as readonly Located[]) : [read]));
      else map.set(String(key.value), { value: read.value, line });
    }
    for (const { value } of merged) merge(map, value);
    return map;
  }

  /**
   * Merge key of YAML 1.1: keys of the map itself take precedence. @see
   * https://yaml.org/type/merge.html
   */
  function merge(map: Map<string, Located>, source: Located['value']): void {
    if (!(source instanceof Map)) return;
    for (const [key, located] of source as ReadonlyMap<string, Located>) {
      count(1);
      if (!map.has(key)) map.set(key, located);
    }
  }

  return walk;
}
