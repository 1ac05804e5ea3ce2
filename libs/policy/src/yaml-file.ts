import { InvalidInput } from '@tidewaiter/domain';
import { YamlDocument } from '@tidewaiter/yaml';
import type { z } from 'zod';

import { missingKey } from './missing-key.js';

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
  const document = new YamlDocument(text, { uniqueKeys: true });
  const { errors } = document;
  if (errors.length > 0) throw fail(errors.map(({ line, code }) => `${name}:${line}: not valid YAML (${code})`));
  const lineOf = (path: readonly PropertyKey[]) => document.lineOf(path);
  const read = schema.safeParse(plainValue() ?? {}, { error: missingKey });
  if (read.success) return { value: read.data, lineOf };
  throw fail(
    read.error.issues.flatMap((issue) =>
      problemsOf(issue).map(({ path, message }) => `${name}:${lineOf(path)}: ${message}`),
    ),
  );

  function plainValue(): unknown {
    try {
      return document.plain(maxAliasCount);
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
