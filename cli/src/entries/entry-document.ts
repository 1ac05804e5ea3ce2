import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

import { InvalidInput, type JsonObject, type JsonValue, NotFound } from '@tidewaiter/domain';

const maxAliasCount = 100;

/**
 * An entry from a file, or from the one before, with keys that the command line gives.
 * @throws InvalidInput `ENTRY_INVALID`; NotFound `ENTRY_FILE_MISSING`
 */
export async function readDocument(
  before: JsonObject,
  assignments: readonly string[],
  file: string | undefined,
): Promise<JsonObject> {
  const document = structuredClone(file === undefined ? before : await readEntryFile(file));
  for (const assignment of assignments) await assign(document, assignment);
  return document;
}

async function readEntryFile(path: string): Promise<JsonObject> {
  const content =
    path === '-'
      ? await text(process.stdin)
      : await readFile(path, 'utf8').catch((cause: unknown) => {
          throw new NotFound('ENTRY_FILE_MISSING', `${path} cannot be read`, { cause });
        });
  const value = await yamlOf(content);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidInput('ENTRY_INVALID', `${path} holds no entry: give its keys, as in tidewaiter.yaml`);
  return value;
}

/** `owner=team-shop`, `repositories=[shop/*]`; an empty value removes the key. */
async function assign(document: JsonObject, assignment: string): Promise<void> {
  const [, path, written = ''] = /^([A-Za-z][A-Za-z0-9.]*)=([^]*)$/.exec(assignment) ?? [];
  if (path === undefined) throw new InvalidInput('ENTRY_INVALID', 'give key=value: owner=team-shop');
  const keys = path.split('.');
  const last = keys.pop()!;
  let parent = document;
  for (const key of keys) {
    const next = Object.hasOwn(parent, key) ? parent[key] : undefined;
    const isMap = typeof next === 'object' && next !== null && !Array.isArray(next);
    const child: JsonObject = isMap ? next : {};
    parent[key] = child;
    parent = child;
  }
  if (written === '') delete parent[last];
  else parent[last] = await valueOf(written);
}

/** Lists, maps, numbers and booleans are YAML; anything else is text. */
async function valueOf(written: string): Promise<JsonValue> {
  return /^(?:[[{]|true$|false$|-?\d+$)/.test(written) ? yamlOf(written) : written;
}

async function yamlOf(content: string): Promise<JsonValue> {
  const { YamlDocument } = await import('@tidewaiter/yaml');
  const document = new YamlDocument(content, { uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw new InvalidInput('ENTRY_INVALID', `line ${error.line}: not valid YAML (${error.code})`);
  return JSON.parse(JSON.stringify(document.plain(maxAliasCount) ?? null)) as JsonValue;
}
