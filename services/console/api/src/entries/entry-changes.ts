import { Injectable } from '@nestjs/common';
import { type ManagedKind, InvalidInput, type JsonObject, NotFound } from '@tidewaiter/domain';
import { type EntryChange, type EntryVersion, FileEntries, ManagedEntries, Store } from '@tidewaiter/store';

import { shownRouting } from '../routing/shown-routing.js';
import { EntryDocuments } from './entry-documents.js';

/** Author of a change, and its reason. */
interface Change {
  author: string;
  comment?: string | undefined;
}

/** Changes of managed entries, each with its record in the audit log. */
@Injectable()
export class EntryChanges {
  constructor(
    private readonly store: Store,
    private readonly entries: ManagedEntries,
    private readonly files: FileEntries,
    private readonly documents: EntryDocuments,
  ) {}

  /** @throws InvalidInput `ENTRY_INVALID`, `ENTRY_EXISTS`, `ENTRY_IN_FILE` */
  async create(kind: ManagedKind, given: JsonObject, { author, comment }: Change): Promise<EntryVersion> {
    const prepared = this.documents.prepare(kind, given, author, null);
    await this.#notInFile(kind, prepared.name);
    return this.#add({ kind, ...prepared, author, comment: comment ?? null, isDeleted: false, before: null }, null);
  }

  /** @throws NotFound `ENTRY_UNKNOWN`; InvalidInput `ENTRY_CHANGED` and as {@link create} */
  async update(
    kind: ManagedKind,
    name: string,
    { document, version, author, comment }: Change & { document: JsonObject; version: number },
  ): Promise<EntryVersion> {
    const before = await this.get(kind, name);
    const prepared = this.documents.prepare(kind, document, author, before);
    const change = { kind, ...prepared, author, comment: comment ?? null, isDeleted: false, before: version };
    return this.#add(change, before);
  }

  /** @throws NotFound `ENTRY_UNKNOWN`; InvalidInput `ENTRY_CHANGED` */
  async delete(
    kind: ManagedKind,
    name: string,
    { version, author, comment }: Change & { version: number },
  ): Promise<EntryVersion> {
    const before = await this.get(kind, name);
    const { document, sealed } = before;
    return this.#add(
      { kind, name, document, sealed, author, comment: comment ?? null, isDeleted: true, before: version },
      before,
    );
  }

  /**
   * Goes back to an earlier version, also after a deletion.
   * @throws NotFound `ENTRY_UNKNOWN`, `ENTRY_VERSION_UNKNOWN`
   * @throws InvalidInput `ENTRY_CHANGED`, `ENTRY_INVALID`
   */
  async undo(
    kind: ManagedKind,
    name: string,
    { version, to = version - 1, author, comment }: Change & { version: number; to?: number | undefined },
  ): Promise<EntryVersion> {
    const [newest] = await this.entries.versions(kind, name);
    if (!newest) throw new NotFound('ENTRY_UNKNOWN', `no managed entry ${kind}/${name}`);
    const target = await this.#target(kind, name, to);
    if (!target.isDeleted) this.documents.recheck(target);
    const { document, sealed, isDeleted } = target;
    return this.#add(
      { kind, name, document, sealed, author, comment: comment ?? `version ${to} again`, isDeleted, before: version },
      newest,
    );
  }

  /** @throws NotFound `ENTRY_UNKNOWN`; InvalidInput `ENTRY_IN_FILE` */
  async get(kind: ManagedKind, name: string): Promise<EntryVersion> {
    const entry = await this.entries.get(kind, name);
    if (entry) return entry;
    await this.#notInFile(kind, name);
    throw new NotFound('ENTRY_UNKNOWN', `no managed entry ${kind}/${name}`);
  }

  /** Whether `tidewaiter.yaml` has an entry of the name, which is in effect. */
  async isOverridden(kind: ManagedKind, name: string): Promise<boolean> {
    return (await this.files.get(kind, name)) !== null;
  }

  /** Before its first version an entry did not exist. */
  async #target(kind: ManagedKind, name: string, to: number): Promise<EntryVersion> {
    if (to > 0) return this.entries.version(kind, name, to);
    return { ...(await this.entries.version(kind, name, 1)), isDeleted: true };
  }

  /** @throws InvalidInput `ENTRY_IN_FILE` */
  async #notInFile(kind: ManagedKind, name: string): Promise<void> {
    const entry = await this.files.get(kind, name);
    if (entry) throw new InvalidInput('ENTRY_IN_FILE', `tidewaiter.yaml has ${kind}/${name} in line ${entry.line}`);
  }

  async #add(change: EntryChange, before: EntryVersion | null): Promise<EntryVersion> {
    const { kind, name, comment } = change;
    return this.store.transaction(async (tx) => {
      const added = await this.entries.add(tx, change);
      tx.record({ subject: `${kind}/${name}`, before: before && shown(before), after: { ...shown(added), comment } });
      return added;
    });
  }
}

/** An entry in the audit log; of its secrets only the paths. */
function shown({ kind, document, sealed, isDeleted }: EntryVersion) {
  if (isDeleted) return null;
  return { document: kind === 'routing' ? { text: shownRouting(document) } : document, secrets: Object.keys(sealed) };
}
