import { Body, Controller, Delete, Get, Param, Post, Put, Query, StreamableFile, type Type } from '@nestjs/common';
import { type EntryKind, entryKinds, entryNouns, InvalidInput, NotFound } from '@tidewaiter/domain';
import { type ApiCaller, type EntryRow, type EntryVersion, Lists, ManagedEntries } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { type CountedPage, countedListOf, countedPage, exported, listRequest, whereOf } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { EntryChanges } from './entry-changes.js';
import { EntryDocuments, isOver } from './entry-documents.js';
import {
  entriesExportQuery,
  entriesQuery,
  entryAnswer,
  entryCheck,
  entryCheckAnswer,
  entryCreation,
  entryDeletion,
  entryListOf,
  entryUndo,
  entryUpdate,
  entryVersionsAnswer,
  nameParameter,
} from './entry-schemas.js';

type EntryAnswer = z.output<typeof entryAnswer>;

/** Controller of the entries of one kind. */
function entriesController(kind: EntryKind): Type<object> {
  const noun = entryNouns[kind];
  const list = entryListOf(kind);
  const query = entriesQuery(kind);
  const exportQuery = entriesExportQuery(kind);

  @Controller(`api/v1/${kind}`)
  class EntriesController {
    constructor(
      private readonly lists: Lists,
      private readonly entries: ManagedEntries,
      private readonly changes: EntryChanges,
      private readonly documents: EntryDocuments,
    ) {}

    @Get()
    @Operation({
      role: 'viewer',
      summary: `${kind} of tidewaiter.yaml, and those that are managed by API`,
      answer: countedListOf(entryAnswer),
    })
    async list(@Query({ schema: query }) asked: z.output<typeof query>): Promise<CountedPage<EntryAnswer>> {
      return countedPage(this.lists, list, listRequest(asked), asked.count, describe);
    }

    @Get('export')
    @Operation({ role: 'viewer', summary: `${kind} as a file`, mediaType: 'text/csv' })
    export(@Query({ schema: exportQuery }) asked: z.output<typeof exportQuery>): StreamableFile {
      return exported(this.lists, { name: kind, list, item: entryAnswer }, asked, describe);
    }

    @Get(':name')
    @Operation({ role: 'viewer', summary: `One ${noun}, before all the managed one`, answer: entryAnswer })
    async get(@Param('name', { schema: nameParameter }) name: string): Promise<EntryAnswer> {
      const where = whereOf({ name });
      const { items } = await this.lists.page(list, { where, sort: 'name', isDescending: false, limit: 2 });
      const entry = items.find(({ source }) => source === 'managed') ?? items[0];
      if (!entry) throw new NotFound('ENTRY_UNKNOWN', `no ${noun} ${name}`);
      return describe(entry);
    }

    @Get(':name/versions')
    @Operation({ role: 'viewer', summary: `Versions of a managed ${noun}, newest first`, answer: entryVersionsAnswer })
    async versions(
      @Param('name', { schema: nameParameter }) name: string,
    ): Promise<z.output<typeof entryVersionsAnswer>> {
      const versions = await this.entries.versions(kind, name);
      if (versions.length === 0) throw new NotFound('ENTRY_UNKNOWN', `no managed ${noun} ${name}`);
      const items = versions.map(({ kind: _, name: __, revision: ___, sealed, ...version }) => ({
        ...version,
        secrets: Object.keys(sealed),
      }));
      return { items, next: null };
    }

    @Post('validate')
    @Operation({
      role: 'viewer',
      summary: `Checks a ${noun}, and changes nothing`,
      answer: entryCheckAnswer,
      hasSecretBody: true,
    })
    validate(
      @Body({ schema: entryCheck }) { document }: z.output<typeof entryCheck>,
      @Caller() caller: ApiCaller,
    ): z.output<typeof entryCheckAnswer> {
      try {
        const { name } = this.documents.prepare(kind, document, caller.name, null);
        return { name, isValid: true, problems: [] };
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        return { name: '', isValid: false, problems: error.message.split('\n') };
      }
    }

    @Post()
    @Operation({
      role: 'maintainer',
      action: 'entry.created',
      hasSecretBody: true,
      summary: `Adds a managed ${noun}`,
      answer: entryAnswer,
    })
    async create(
      @Body({ schema: entryCreation }) { document, comment }: z.output<typeof entryCreation>,
      @Caller() caller: ApiCaller,
    ): Promise<EntryAnswer> {
      return this.#changed(await this.changes.create(kind, document, { author: caller.name, comment }));
    }

    @Put(':name')
    @Operation({
      role: 'maintainer',
      action: 'entry.changed',
      hasSecretBody: true,
      summary: `Replaces a managed ${noun}; secrets that are left out stay`,
      answer: entryAnswer,
    })
    async update(
      @Param('name', { schema: nameParameter }) name: string,
      @Body({ schema: entryUpdate }) body: z.output<typeof entryUpdate>,
      @Caller() caller: ApiCaller,
    ): Promise<EntryAnswer> {
      return this.#changed(await this.changes.update(kind, name, { ...body, author: caller.name }));
    }

    @Delete(':name')
    @Operation({
      role: 'maintainer',
      action: 'entry.deleted',
      summary: `Deletes a managed ${noun}, which an undo brings back`,
      answer: entryAnswer,
    })
    async delete(
      @Param('name', { schema: nameParameter }) name: string,
      @Query({ schema: entryDeletion }) asked: z.output<typeof entryDeletion>,
      @Caller() caller: ApiCaller,
    ): Promise<EntryAnswer> {
      return this.#changed(await this.changes.delete(kind, name, { ...asked, author: caller.name }));
    }

    @Post(':name/undo')
    @Operation({
      role: 'maintainer',
      action: 'entry.undone',
      summary: `Brings back an earlier version of a managed ${noun}`,
      answer: entryAnswer,
    })
    async undo(
      @Param('name', { schema: nameParameter }) name: string,
      @Body({ schema: entryUndo }) body: z.output<typeof entryUndo>,
      @Caller() caller: ApiCaller,
    ): Promise<EntryAnswer> {
      return this.#changed(await this.changes.undo(kind, name, { ...body, author: caller.name }));
    }

    /** An entry after its change; an undo may bring back an exception that is over. */
    async #changed({ name, document, sealed, version, author, at, comment }: EntryVersion): Promise<EntryAnswer> {
      const common = { name, document, version, author, comment, changedAt: at, line: null, lastSeenAt: null };
      const isOverridden = await this.changes.isOverridden(kind, name);
      const state = isOverridden ? 'overridden' : isOver(kind, document, new Date()) ? 'expired' : 'active';
      return { ...common, secrets: Object.keys(sealed), source: 'managed', state };
    }
  }
  return EntriesController;
}

/** One controller for each kind. */
export const entryControllers = entryKinds.map((kind) => entriesController(kind));

function describe({ secrets, document, ...entry }: EntryRow): EntryAnswer {
  return { ...entry, document, secrets: secrets ?? [] };
}
