import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { LimitExceeded, NotFound } from '@tidewaiter/domain';
import type { RuleFile } from '@tidewaiter/sigma';

/** The rules that come with Tidewaiter. */
export const shippedRules = fileURLToPath(new URL('../../../rules', import.meta.url));

const maxRuleBytes = 1024 * 1024;
/** SigmaHQ has about 4,000. */
const maxRuleFiles = 50_000;

/** Reads rules: files, and everything in YAML below folders, in the order of their paths. @throws NotFound `RULES_MISSING`; LimitExceeded */
export function readRuleFiles(paths: readonly string[]): RuleFile[] {
  const files = paths.flatMap((path) => (stat(path).isDirectory() ? below(path) : [path]));
  if (files.length > maxRuleFiles)
    throw new LimitExceeded('RULES_TOO_MANY', `more than ${maxRuleFiles} files of rules`);
  return files.map((path) => {
    if (stat(path).size > maxRuleBytes)
      throw new LimitExceeded('RULES_TOO_LARGE', `${path} has more than ${maxRuleBytes} bytes`);
    return { path, text: readFileSync(path, 'utf8') };
  });
}

function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !/(?:^|\/)\./.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}

function stat(path: string) {
  try {
    return statSync(path);
  } catch (cause) {
    throw new NotFound('RULES_MISSING', `cannot read ${path}`, { cause });
  }
}
