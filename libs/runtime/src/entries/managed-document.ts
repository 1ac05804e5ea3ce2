import type { EntryKind, JsonObject, JsonValue } from '@tidewaiter/domain';

import { entryRules } from './entry-rules.js';

/** Key `management` of `tidewaiter.yaml`: bounds of what the API may configure. */
export interface Management {
  /** Folder with the files that managed entries may name. */
  filesDir?: string | undefined;
  /** Whether managed registries may be on private addresses, or take any certificate. */
  allowPrivate?: boolean | undefined;
}

/** A plain name: no path leaves the folder of the files. */
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/**
 * Problems of a document that only the API has: a caller of the API may not read the files of the
 * server, nor reach addresses that the operator has not opened. Each names its key and no value.
 */
export function managedProblems(kind: EntryKind, document: JsonObject, management: Management): string[] {
  const { fileOnly } = entryRules[kind];
  const problems: string[] = [];
  const visit = (value: JsonValue, at: string): void => {
    if (Array.isArray(value)) value.forEach((each, index) => visit(each, `${at}[${index}]`));
    else if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) {
        const place = at === '' ? key : `${at}.${key}`;
        const problem = keyProblem(key, each, management, fileOnly);
        if (problem === undefined) visit(each, place);
        else problems.push(`${place}: ${problem}`);
      }
  };
  visit(document, '');
  return problems;
}

function keyProblem(
  key: string,
  value: JsonValue,
  { filesDir, allowPrivate }: Management,
  fileOnly: Readonly<Record<string, string>>,
): string | undefined {
  if (Object.hasOwn(fileOnly, key)) return `is for tidewaiter.yaml alone: ${fileOnly[key]}`;
  if (isFileKey(key)) {
    if (filesDir === undefined) return 'a managed entry names files only below management.filesDir, which is not set';
    if (typeof value === 'string' && !fileName.test(value)) return 'is no name of a file in management.filesDir';
  }
  if (opened.has(key) && value === true && allowPrivate !== true)
    return 'is for tidewaiter.yaml alone, unless management.allowPrivate is set';
  if (typeof value === 'string' && /^https?:\/\/[^/@]*@/i.test(value)) return 'holds a user: use credentials';
  return undefined;
}

/** Keys by which an entry reaches more than the network policy of the operator allows. */
const opened: ReadonlySet<string> = new Set(['allowPrivate', 'insecure', 'insecureSkipVerify']);

/** Whether a key names a file: `caFile`, `file`. */
export function isFileKey(key: string): boolean {
  return /^file$|File$/.test(key);
}
