import { join } from 'node:path';

import {
  type EntryKind,
  entryKinds,
  type JsonObject,
  type JsonValue,
  type ManagedEntry,
  type Secret,
} from '@tidewaiter/domain';

import { entryRules } from './entry-rules.js';
import { splitSecrets, withSecrets } from './entry-secrets.js';
import { isFileKey, managedProblems, type Management } from './managed-document.js';
import { unseal } from './sealing.js';

/** Entry of `tidewaiter.yaml`, as the API shows it. */
export interface FileEntry {
  kind: EntryKind;
  name: string;
  /** Without its secrets. */
  document: JsonObject;
  line: number;
}

/** Content of `tidewaiter.yaml` with the managed entries in its lists. */
export interface MergedEntries {
  value: unknown;
  files: FileEntry[];
  /** Names entries by their name, and not by their position, in a problem. */
  named(problem: string): string;
}

interface Merging {
  lineOf: (path: readonly PropertyKey[]) => number;
  key: Secret | undefined;
  problems: string[];
}

/**
 * Adds managed entries to the lists of a file. One with the name of an entry in the file is left
 * out: the file wins.
 * @param value content of `tidewaiter.yaml`, not validated yet
 */
export function mergeEntries(
  value: unknown,
  managed: readonly ManagedEntry[],
  { lineOf, key, problems }: Merging,
): MergedEntries {
  const file = isObject(value) ? value : {};
  const files = entryKinds.flatMap((kind) => fileEntries(kind, file[kind], lineOf));
  const added = managed.filter(isEntry).filter(({ kind, name }) => {
    return !files.some((each) => each.kind === kind && each.name === name);
  });
  if (added.length === 0) return { value, files, named: (problem) => problem };
  const names = new Map<string, string>();
  const lists = Object.fromEntries(
    entryKinds.flatMap((kind): [string, unknown][] => {
      const own = added.filter((each) => each.kind === kind);
      // A list that is no list is reported by the schema.
      const before = file[kind] ?? [];
      if (own.length === 0 || !Array.isArray(before)) return [];
      own.forEach(({ name }, index) => names.set(`${kind}[${before.length + index}]`, `${kind}/${name} (managed)`));
      return [[kind, [...before, ...own.map((entry) => whole(entry, managementOf(value), key, problems))]]];
    }),
  );
  const named = (problem: string) => problem.replace(/^\w+\[\d+\]/, (place) => names.get(place) ?? place);
  return { value: { ...file, ...lists }, files, named };
}

/** Entry of a list of `tidewaiter.yaml`: the routing is in a file of its own. */
export function isEntry(entry: ManagedEntry): entry is ManagedEntry & { kind: EntryKind } {
  return entry.kind !== 'routing';
}

/** Key `management` before the schema has seen it; wrong values count as absent. */
export function managementOf(value: unknown): Management {
  const management = isObject(value) && isObject(value['management']) ? value['management'] : {};
  const { filesDir, allowPrivate } = management;
  return {
    ...(typeof filesDir === 'string' && filesDir !== '' && { filesDir }),
    allowPrivate: allowPrivate === true,
  };
}

function fileEntries(kind: EntryKind, list: unknown, lineOf: Merging['lineOf']): FileEntry[] {
  if (!Array.isArray(list)) return [];
  const taken = new Set<string>();
  return list.flatMap((entry: unknown, index): FileEntry[] => {
    if (!isObject(entry)) return [];
    // YAML has dates and other values that JSON has not.
    const written = JSON.parse(JSON.stringify(entry)) as JsonObject;
    const { document } = splitSecrets(written, entryRules[kind].secretKeys);
    const name = freeName(entryName(kind, document), taken);
    return [{ kind, name, document, line: lineOf([kind, index]) }];
  });
}

/** Name of an entry: its own, or one that follows from its content. */
export function entryName(kind: EntryKind, document: JsonObject): string {
  if (typeof document['name'] === 'string') return document['name'];
  return entryRules[kind].nameOf?.(document) ?? '';
}

/** Some lists of the file may repeat a name. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`;
  taken.add(free);
  return free;
}

/** A managed entry as the schema reads it: with its secrets, and with the paths of its files. */
function whole(
  { kind, name, document, sealed }: ManagedEntry & { kind: EntryKind },
  management: Management,
  key: Secret | undefined,
  problems: string[],
): JsonObject {
  const { filesDir } = management;
  const at = `${kind}/${name} (managed)`;
  problems.push(...managedProblems(kind, document, management).map((problem) => `${at}: ${problem}`));
  const secrets: Record<string, string> = {};
  for (const [path, text] of Object.entries(sealed)) {
    const secret = key && unseal(text, key, { kind, name, path, document });
    if (secret === undefined) problems.push(`${at}: ${path}: cannot be decrypted with TIDEWAITER_ENTRY_KEY`);
    else secrets[path] = secret;
  }
  const located = filesDir === undefined ? document : (inFolder(document, filesDir) as JsonObject);
  return withSecrets(located, secrets);
}

/** Puts a folder before the names of files. */
function inFolder(value: JsonValue, folder: string): JsonValue {
  if (Array.isArray(value)) return value.map((each) => inFolder(each, folder));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      isFileKey(key) && typeof each === 'string' ? join(folder, each) : inFolder(each, folder),
    ]),
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
