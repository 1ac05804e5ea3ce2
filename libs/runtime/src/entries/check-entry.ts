import { type EntryKind, InvalidInput, type JsonObject } from '@tidewaiter/domain';

import { parseSettings } from '../settings.js';
import { withSecrets } from './entry-secrets.js';
import { managedProblems, type Management } from './managed-document.js';

/**
 * Checks an entry by the schema of `tidewaiter.yaml`, and by the bounds of managed entries. Files
 * that it names are not read.
 * @throws InvalidInput `ENTRY_INVALID`, naming every wrong key and never a value
 */
export function checkEntry(
  kind: EntryKind,
  document: JsonObject,
  secrets: Readonly<Record<string, string>>,
  management: Management,
): void {
  const problems = [
    ...managedProblems(kind, document, management),
    ...schemaProblems(kind, withSecrets(document, secrets)),
  ];
  if (problems.length > 0) throw new InvalidInput('ENTRY_INVALID', problems.join('\n'));
}

function schemaProblems(kind: EntryKind, document: JsonObject): string[] {
  try {
    // JSON is YAML.
    parseSettings(JSON.stringify({ [kind]: [document] }), () => 'content of a file');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const prefix = new RegExp(`^${kind}\\[0\\]\\.?:? ?`);
    const [, ...lines] = error.message.split('\n');
    return lines.map((line) => line.trim().replace(prefix, ''));
  }
}
