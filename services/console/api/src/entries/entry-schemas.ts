import type { EntryKind, JsonObject } from '@tidewaiter/domain';
import { entrySources, entryStates, type Fields, listFields } from '@tidewaiter/query';
import { entryLists, type EntryRow, type RowList } from '@tidewaiter/store';
import { z } from 'zod';

import { text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';
import { listOf } from '../http/paging.js';

const maxDocumentCharacters = 256 * 1024;
const maxDepth = 16;

/** List of a kind; which fields it has is known at run time. */
export const entryListOf = (kind: EntryKind): RowList<EntryRow> => entryLists[kind];
const fieldsOf = (kind: EntryKind): Fields => listFields[kind];

/** Parameters of the list of a kind. */
export const entriesQuery = (kind: EntryKind) => listQuery(entryListOf(kind), fieldsOf(kind), 'name');
export const entriesExportQuery = (kind: EntryKind) => exportQuery(entryListOf(kind), fieldsOf(kind), 'name');

const name = z.string().min(1).max(200);
export const nameParameter = name;

/** An entry as in `tidewaiter.yaml`. */
const document = z
  .record(z.string(), z.unknown())
  .refine((value) => isShallow(value, maxDepth), 'is nested too deeply')
  .refine((value) => JSON.stringify(value).length <= maxDocumentCharacters, 'is too large')
  .transform((value) => value as JsonObject);

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1));
}

/** Reason for a change, for the history. */
const comment = z.string().trim().min(1).max(2_000).optional();
/** Version that the caller has seen. */
const version = z.int().min(1);

export const entryCreation = z.strictObject({ document, comment });
export const entryUpdate = z.strictObject({ document, comment, version });
export const entryDeletion = z.strictObject({ version: z.coerce.number().pipe(version), comment });
export const entryUndo = z.strictObject({
  version,
  /** Version to go back to; by default the one before. */
  to: version.optional(),
  comment,
});
export const entryCheck = z.strictObject({ document });

export const entryAnswer = z.object({
  name: z.string(),
  /** As in `tidewaiter.yaml`, without secrets. */
  document: z.record(z.string(), z.unknown()),
  /** Paths of the secrets of a managed entry; their values are never shown. */
  secrets: z.array(z.string()),
  /** `file`: `tidewaiter.yaml`, where it can be changed. */
  source: z.enum(entrySources),
  /** `overridden`: `tidewaiter.yaml` has an entry of this name, and that is in effect. */
  state: z.enum(entryStates),
  /** Line in `tidewaiter.yaml`; null for a managed entry. */
  line: z.int().nullable(),
  /** Version of a managed entry, for its next change. */
  version: z.int().nullable(),
  author: text,
  changedAt: time.nullable(),
  /** Reason for the last change. */
  comment: text,
  /** Last event of a sensor, complete reconciliation of a registry, or run of a report. */
  lastSeenAt: time.nullable(),
});

export const entryVersionsAnswer = listOf(
  z.object({
    version: z.int(),
    at: time,
    author: z.string(),
    comment: text,
    isDeleted: z.boolean(),
    document: z.record(z.string(), z.unknown()),
    secrets: z.array(z.string()),
  }),
);

export const entryCheckAnswer = z.object({
  /** Name that the entry would have. */
  name: z.string(),
  isValid: z.boolean(),
  /** Wrong keys, each with the reason. */
  problems: z.array(z.string()),
});
