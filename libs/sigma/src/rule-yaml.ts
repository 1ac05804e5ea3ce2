import { type DocumentText, type Located, type LocatedScalar, splitDocuments, YamlDocument } from '@tidewaiter/yaml';

import { RuleError, shown } from './rule-error.js';

export const ruleFileLimits = {
  maxFileLength: 1024 * 1024,
  maxDocuments: 1_000,
  /**
   * Limit on nodes of one document. An alias counts all its nodes at each use, so that a few lines
   * cannot expand to millions.
   */
  maxNodes: 20_000,
  maxDepth: 32,
} as const;

/**
 * Splits a file at its document markers, so that a broken document does not affect the others.
 * @throws RuleError over a limit
 */
export function ruleDocuments(file: string): DocumentText[] {
  const { maxFileLength, maxDocuments } = ruleFileLimits;
  return splitDocuments(file, {
    maxFileLength,
    maxDocuments,
    overLimit: (limit, line) =>
      limit === 'maxFileLength'
        ? new RuleError(line, `the file has more than ${maxFileLength} characters`)
        : new RuleError(line, `the file has more than ${maxDocuments} documents`),
  });
}

/**
 * Parses one document to plain values. Application tags are ignored: the tagged value counts.
 * @throws RuleError
 * @see https://yaml.org/spec/1.2.2/
 */
export function readDocument({ text, line }: DocumentText): Located {
  const document = parse(text, line);
  const [error] = document.errors;
  if (error) throw new RuleError(error.line, `no valid YAML (${error.code})`);
  return document.values({
    maxDepth: ruleFileLimits.maxDepth,
    maxValues: ruleFileLimits.maxNodes,
    repeatedKeys: 'first',
    scalar,
    problem({ kind, line: at, key = '' }) {
      throw new RuleError(at, kind === 'repeated key' ? `duplicate key ${shown(key)}` : reasons[kind]);
    },
    overLimit: (limit, at) =>
      limit === 'maxDepth'
        ? new RuleError(at, `nested deeper than ${ruleFileLimits.maxDepth} levels`)
        : new RuleError(at, `more than ${ruleFileLimits.maxNodes} values, aliases counted`),
  });
}

const reasons = {
  'alias without anchor': 'an alias has no anchor above it',
  'key without text': 'a key must be text',
  'merge of no map': '<< takes a map or a list of maps',
  'unsupported tag': 'this YAML tag is not supported',
};

function parse(text: string, line: number): YamlDocument {
  try {
    return new YamlDocument(text, { line });
  } catch {
    throw new RuleError(line, 'cannot be read as YAML');
  }
}

function scalar(value: unknown, source: string | undefined): LocatedScalar {
  // A number beyond the range of JavaScript keeps its digits as text.
  if (typeof value === 'number' && !isExact(value)) return source ?? String(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return null;
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
