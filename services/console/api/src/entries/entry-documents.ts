import { Injectable } from '@nestjs/common';
import { type EntryKind, InvalidInput, type JsonObject, type ManagedKind } from '@tidewaiter/domain';
import { readTrust, type TrustedSigner } from '@tidewaiter/provenance';
import { checkManagedRouting } from '@tidewaiter/receivers';
import {
  checkEntry,
  entryName,
  entryRules,
  hasPlaceFor,
  seal,
  splitSecrets,
  TidewaiterSettings,
} from '@tidewaiter/runtime';
import type { EntryVersion } from '@tidewaiter/store';

import { ConsoleConfig } from '../config.js';

/** Document of an entry as it is stored. */
export interface StoredDocument {
  name: string;
  document: JsonObject;
  sealed: Record<string, string>;
}

/** Checks documents, and encrypts their secrets. */
@Injectable()
export class EntryDocuments {
  constructor(
    private readonly config: ConsoleConfig,
    private readonly settings: TidewaiterSettings,
  ) {}

  /**
   * Prepares a document of a caller.
   * @param before the version that it replaces: secrets that the document leaves out are kept
   * @throws InvalidInput `ENTRY_INVALID`, `ENTRY_KEY_MISSING`, `ENTRY_SECRET_MISSING`
   */
  prepare(kind: ManagedKind, given: JsonObject, author: string, before: EntryVersion | null): StoredDocument {
    if (kind === 'routing') {
      checkRouting(given);
      return { name: 'routing', document: given, sealed: {} };
    }
    const rules = entryRules[kind];
    const { document: open, secrets, removed } = splitSecrets(given, rules.secretKeys);
    const name = before?.name ?? entryName(kind, open);
    const named = { ...(rules.complete?.(open, author) ?? open), name: open['name'] ?? name };
    const kept = before === null ? {} : keptSecrets(kind, before, named, [...Object.keys(secrets), ...removed]);
    this.#check(kind, named, { ...placeholders(kept), ...secrets });
    if (isOver(kind, named, new Date()))
      throw new InvalidInput('ENTRY_INVALID', 'until: is over already: give today or a later day, in UTC');
    if (named.name !== name) throw new InvalidInput('ENTRY_INVALID', `name: cannot be changed from ${name}`);
    const { entryKey } = this.config;
    if (Object.keys(secrets).length > 0 && !entryKey)
      throw new InvalidInput('ENTRY_KEY_MISSING', 'this installation has no key to encrypt secrets with');
    const sealed = Object.entries(secrets).map(([path, secret]) => [
      path,
      seal(secret, entryKey!, { kind, name, path, document: named }),
    ]);
    return { name, document: named, sealed: { ...kept, ...Object.fromEntries(sealed) } };
  }

  /**
   * Checks that an earlier version still is a valid entry.
   * @throws InvalidInput `ENTRY_INVALID`
   */
  recheck({ kind, document, sealed }: EntryVersion): void {
    if (kind === 'routing') return checkRouting(document);
    this.#check(kind, document, placeholders(sealed));
  }

  #check(kind: EntryKind, document: JsonObject, secrets: Record<string, string>): void {
    checkEntry(kind, document, secrets, this.settings.management);
    if (kind !== 'signers') return;
    try {
      readTrust([document as TrustedSigner]);
    } catch (error) {
      if (error instanceof InvalidInput) throw new InvalidInput('ENTRY_INVALID', error.message);
      throw error;
    }
  }
}

/** Whether an entry was an exception until a day that is over in UTC. */
export function isOver(kind: ManagedKind, { until }: JsonObject, now: Date): boolean {
  return kind === 'exceptions' && typeof until === 'string' && until < now.toISOString().slice(0, 10);
}

/** @throws InvalidInput `ROUTING_INVALID` */
function checkRouting({ text }: JsonObject): void {
  checkManagedRouting(typeof text === 'string' ? text : '');
}

/** Sealed secrets of the version before that a document leaves out, and still has a place for. */
function keptSecrets(
  kind: EntryKind,
  before: EntryVersion,
  document: JsonObject,
  given: readonly string[],
): Record<string, string> {
  const kept = Object.entries(before.sealed).filter(
    ([path]) => !given.includes(path) && hasPlaceFor(document, path) && !hasFileFor(document, path),
  );
  const [from, to] = [before.document, document].map((each) => JSON.stringify(entryRules[kind].destination(each)));
  if (kept.length > 0 && from !== to)
    throw new InvalidInput('ENTRY_SECRET_MISSING', `give ${kept.map(([path]) => path).join(', ')} again`);
  return Object.fromEntries(kept);
}

/** Whether a file takes the place of a secret: `passwordFile`. */
function hasFileFor(document: JsonObject, path: string): boolean {
  const keys = `${path}File`.split('.');
  return keys.reduce<unknown>((value, key) => (value as JsonObject | undefined)?.[key], document) !== undefined;
}

function placeholders(sealed: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.keys(sealed).map((path) => [path, 'sealed']));
}
