import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { LimitExceeded, NotFound } from '@tidewaiter/domain';
import { type CompiledRules, readCompiledRules, type RuleFile } from '@tidewaiter/sigma';

/** The rules that come with Tidewaiter. */
export const shippedRules = fileURLToPath(new URL('../../../rules', import.meta.url));

const compiledRules = fileURLToPath(new URL('../../../cli/dist/bundle/rules.json', import.meta.url));

/** Limit on rule files: SigmaHQ has 3,500 rules of all kinds. */
const maxFiles = 50_000;
const maxFileBytes = 1024 * 1024;
const maxDepth = 12;

/**
 * Fingerprint that changes when something in the folders, or one of the files that are named alone,
 * changes; does not read the files.
 * @throws NotFound `RULES_MISSING`; LimitExceeded
 */
export async function fingerprintOf(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of await rulePaths(folders)) {
    const { mtimeMs, size, ino } = await stat(path);
    hash.update(JSON.stringify([path, mtimeMs, size, ino]));
  }
  return hash.digest('hex');
}

/**
 * Reads the rule files of the folders and of those in them, and files that are named alone, with
 * paths that users recognize; in an order that does not depend on the disk.
 * @throws NotFound `RULES_MISSING`; LimitExceeded
 */
export async function readRuleFiles(folders: readonly string[]): Promise<RuleFile[]> {
  const files: RuleFile[] = [];
  for (const path of await rulePaths(folders)) {
    const { size } = await stat(path);
    // Refused by the loader with a reason, as any other file that holds no rule.
    const text =
      size > maxFileBytes ? `# ${size} bytes are too many for a file of rules\n-` : await readFile(path, 'utf8');
    files.push({ path: shownPath(path), text });
  }
  return files;
}

/**
 * Reads the rules that come with Tidewaiter.
 * @throws as {@link readRuleFiles}
 */
export async function readShippedRules(): Promise<RuleFile[]> {
  const { isSea, getAsset } = process.getBuiltinModule('node:sea');
  if (isSea()) return JSON.parse(getAsset('rule-files.json', 'utf8')) as RuleFile[];
  return readRuleFiles([shippedRules]);
}

/** Reads what the build has compiled of the shipped rules; undefined in a tree without a bundle. */
export async function shippedCompiledRules(): Promise<CompiledRules | undefined> {
  const { isSea, getAsset } = process.getBuiltinModule('node:sea');
  try {
    return readCompiledRules(isSea() ? getAsset('rules.json', 'utf8') : await readFile(compiledRules, 'utf8'));
  } catch {
    // Parsing the rules takes longer and gives the same.
    return undefined;
  }
}

async function rulePaths(folders: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (depth > maxDepth)
      throw new LimitExceeded('ruleFolderDepth', `${folder} lies more than ${maxDepth} folders deep`);
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      // Kubernetes mounts files as links to links; `..data` and its like are seen through those.
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await walk(path, depth + 1);
      else if (/\.ya?ml$/.test(entry.name)) paths.push(path);
    }
    if (paths.length > maxFiles) throw new LimitExceeded('ruleFiles', `more than ${maxFiles} files of rules`);
  };
  for (const folder of folders) {
    if ((await found(folder)).isDirectory()) await walk(folder, 0);
    else paths.push(folder);
  }
  return paths;
}

async function found(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new NotFound('RULES_MISSING', `cannot read ${path}`, { cause });
  }
}

/** Path as a user in the service's working directory would write it. */
function shownPath(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}
