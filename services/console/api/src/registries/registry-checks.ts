import { Injectable } from '@nestjs/common';
import { InvalidInput, type JsonObject, type ManagedEntry, NotFound } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { checkRegistry, isUsable, registryCheckText, withCertificates } from '@tidewaiter/registry';
import { readSettings, type RegistrySettings, TidewaiterSettings } from '@tidewaiter/runtime';
import { ManagedEntries } from '@tidewaiter/store';
import type { z } from 'zod';

import { ConsoleConfig } from '../config.js';
import { EntryDocuments } from '../entries/entry-documents.js';
import type { registryCheckAnswer } from './registry-check-schemas.js';

/** Time of a whole check. */
const timeoutMs = 20_000;

type CheckAnswer = z.output<typeof registryCheckAnswer>;

/** Checks connections to registries, with the network policy of all requests. */
@Injectable()
export class RegistryChecks {
  constructor(
    private readonly config: ConsoleConfig,
    private readonly settings: TidewaiterSettings,
    private readonly egress: Egress,
    private readonly entries: ManagedEntries,
    private readonly documents: EntryDocuments,
  ) {}

  /**
   * Checks a registry of `tidewaiter.yaml`, or a managed one.
   * @throws NotFound `ENTRY_UNKNOWN`; InvalidInput `REGISTRY_SECRET_UNREAD`
   */
  async ofStored(name: string, repository: string | undefined): Promise<CheckAnswer> {
    const isInFile = this.settings.fileEntries.some((entry) => entry.kind === 'registries' && entry.name === name);
    if (isInFile)
      return this.#check(
        this.settings.registries.find((each) => each.name === name),
        name,
        repository,
      );
    const entry = await this.entries.get('registries', name);
    if (!entry) throw new NotFound('ENTRY_UNKNOWN', `no registry ${name}`);
    return this.#check(this.#withSecrets(entry), name, repository);
  }

  /**
   * Checks a registry before it is saved. Secrets that the document leaves out are those of the
   * managed entry with its name, where they would be sent to the same address.
   * @throws InvalidInput `ENTRY_INVALID`, `ENTRY_KEY_MISSING`, `ENTRY_SECRET_MISSING`
   */
  async ofDocument(document: JsonObject, author: string, repository: string | undefined): Promise<CheckAnswer> {
    const { name } = document;
    const before = typeof name === 'string' ? await this.entries.get('registries', name) : null;
    const prepared = this.documents.prepare('registries', document, author, before);
    return this.#check(this.#withSecrets({ kind: 'registries', ...prepared }), prepared.name, repository);
  }

  /** A managed entry as the scanner reads it. */
  #withSecrets(entry: ManagedEntry): RegistrySettings | undefined {
    const { settingsFile, entryKey: key } = this.config;
    const { registries } = readSettings(settingsFile, undefined, 'console', { entries: [entry], key });
    return registries.find(({ name }) => name === entry.name);
  }

  async #check(
    registry: RegistrySettings | undefined,
    name: string,
    repository: string | undefined,
  ): Promise<CheckAnswer> {
    if (!registry) throw new NotFound('ENTRY_UNKNOWN', `no registry ${name}`);
    const { mirrors: _, ...host } = registry;
    if (host.credentials?.password.reveal() === '')
      throw new InvalidInput(
        'REGISTRY_SECRET_UNREAD',
        `the password of ${name} is in a file that the console does not read`,
      );
    const signal = AbortSignal.timeout(timeoutMs);
    const steps = await checkRegistry(withCertificates(host), this.egress, { repository, signal });
    const checked = { host: new URL(registry.url).host, hasCredentials: host.credentials !== undefined };
    return { name, isUsable: isUsable(steps), text: registryCheckText(steps, checked), steps };
  }
}
