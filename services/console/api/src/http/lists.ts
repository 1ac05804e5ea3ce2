import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';

import { StreamableFile } from '@nestjs/common';
import { type QueryExpression, type FieldValue, type Fields, maxQueryLength, parseQuery } from '@tidewaiter/query';
import { csvLine } from '@tidewaiter/reports';
import type { ListOrder, ListRequest, Lists, ListTotal, Page, RowList, RowReader } from '@tidewaiter/store';
import { z } from 'zod';

import { PageBytes, rowsOfPage } from './export-pages.js';
import { count } from './fields.js';
import { listOf } from './paging.js';

/** Parameters by which a list is filtered and sorted. */
function orderedQuery<Name extends string, Sort extends string>(
  { sorts }: RowList<unknown, Name, Sort>,
  fields: Fields<Name>,
  preset: Sort | `-${Sort}`,
) {
  return z.strictObject({
    q: queryParameter(fields),
    sort: sortParameter(Object.keys(sorts) as Sort[], preset),
  });
}

/** Parameters by which a list is filtered, sorted and paged. */
export function listQuery<Name extends string, Sort extends string>(
  list: RowList<unknown, Name, Sort>,
  fields: Fields<Name>,
  preset: Sort | `-${Sort}`,
) {
  return orderedQuery(list, fields, preset).extend({
    /** Items on a page. */
    limit: z.coerce.number().int().min(1).max(200).default(50),
    /** `next` of the previous page, for the same `q` and `sort`. */
    after: z.string().max(2_000).optional(),
    /** Whether to count the rows of all pages. */
    count: z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true'),
  });
}

/** Parameters of a list as a file. */
export function exportQuery<Name extends string, Sort extends string>(
  list: RowList<unknown, Name, Sort>,
  fields: Fields<Name>,
  preset: Sort | `-${Sort}`,
) {
  return orderedQuery(list, fields, preset).extend({ format: z.enum(exportFormats).default('csv') });
}

function queryParameter<Name extends string>(fields: Fields<Name>) {
  return queryText(fields).prefault('');
}

/** Text of a query; the empty one matches every row. */
export function queryText<Name extends string>(fields: Fields<Name>) {
  return z
    .string()
    .max(maxQueryLength)
    .transform((text) => parseQuery(text, fields, new Date()));
}

function sortParameter<Sort extends string>(sorts: readonly Sort[], preset: Sort | `-${Sort}`) {
  const orders = sorts.flatMap((sort) => [sort, `-${sort}` as const]);
  // TypeScript cannot see that the preset is one of the values of a generic enum.
  return z.enum(orders).default(preset as never);
}

interface ListQuery<Name extends string, Sort extends string> {
  q: QueryExpression<Name>;
  sort: Sort | `-${Sort}`;
}

/** The request of the store that query parameters mean; `-` sorts descending. */
export function listRequest<Name extends string, Sort extends string>(
  { q, sort, limit, after }: ListQuery<Name, Sort> & { limit: number; after?: string | undefined },
  conditions: Partial<Record<Name, FieldValue | undefined>> = {},
  ...more: readonly QueryExpression<Name>[]
): ListRequest<Name, Sort> {
  const where: QueryExpression<Name> = { kind: 'all', of: [q, whereOf(conditions), ...more] };
  return { ...listOrder({ q: where, sort }), limit, after };
}

function listOrder<Name extends string, Sort extends string>({
  q: where,
  sort,
}: ListQuery<Name, Sort>): ListOrder<Name, Sort> {
  const isDescending = sort.startsWith('-');
  return { where, sort: (isDescending ? sort.slice(1) : sort) as Sort, isDescending };
}

/** Expression by which fields have values; undefined ones are left out. */
export function whereOf<Name extends string>(
  conditions: Partial<Record<Name, FieldValue | undefined>>,
): QueryExpression<Name> {
  const of = Object.entries<FieldValue | undefined>(conditions as Record<string, FieldValue | undefined>).flatMap(
    ([field, value]): QueryExpression<Name>[] =>
      value === undefined ? [] : [{ kind: 'condition', field: field as Name, operator: '=', values: [value] }],
  );
  return { kind: 'all', of };
}

/** Expression that holds for every row, and names a flag, so that its rows are not hidden. */
export function either<Name extends string>(flag: Name): QueryExpression<Name> {
  return {
    kind: 'any',
    of: [true, false].map((value) => ({ kind: 'condition', field: flag, operator: '=', values: [value] })),
  };
}

export interface CountedPage<Item> extends Page<Item> {
  total: ListTotal | null;
}

/** A page of a list, with the number of rows on all pages if it is asked for. */
export async function countedPage<Row, Item, Name extends string, Sort extends string>(
  lists: Lists,
  list: RowList<Row, Name, Sort>,
  request: ListRequest<Name, Sort>,
  isCounted: boolean,
  describe: (row: Row) => Item,
): Promise<CountedPage<Item>> {
  const [{ items, next }, total] = await Promise.all([
    lists.page(list, request),
    isCounted ? lists.total(list, request.where) : null,
  ]);
  return { items: items.map(describe), next, total };
}

/** A list with the number of rows on all pages; null unless it was asked for. */
export const countedListOf = <Item extends z.ZodType>(item: Item) =>
  listOf(item).extend({
    /** `isAtLeast`: counting ended at this number. */
    total: z.object({ count, isAtLeast: z.boolean() }).nullable(),
  });

/** Formats of an export. */
export const exportFormats = ['csv', 'json', 'ndjson'] as const;

const mediaTypes: Record<(typeof exportFormats)[number], string> = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
};

/** A file with all rows that a query matches. */
interface ExportedFile<Row, Name extends string, Sort extends string> {
  /** Without its extension. */
  name: string;
  list: RowList<Row, Name, Sort>;
  item: z.ZodObject;
}

type ExportQuery<Name extends string, Sort extends string> = ListQuery<Name, Sort> & {
  format: (typeof exportFormats)[number];
};

/** All rows that a query matches, as a file that is written while it is read. */
export function exported<Row extends object, Name extends string, Sort extends string>(
  lists: Lists,
  { name, list, item }: ExportedFile<Row, Name, Sort>,
  { format, ...query }: ExportQuery<Name, Sort>,
  describe: (row: Row) => object,
): StreamableFile {
  const writer = writers[format](Object.keys(item.shape), new Set());
  const reader = lists.reader(list, listOrder<Name, Sort>(query));
  return file(`${name}.${format}`, mediaTypes[format], reader, writer, describe);
}

/**
 * {@link exported} for rows that are shown as they are read. PostgreSQL writes their lists of
 * texts: a row may have hundreds of names, of which this process would make an object each.
 */
export function exportedRows<Row extends object, Name extends string, Sort extends string>(
  lists: Lists,
  { name, list, item }: ExportedFile<Row, Name, Sort>,
  { format, ...query }: ExportQuery<Name, Sort>,
): StreamableFile {
  const columns = list.columns.joiningTexts((texts) =>
    format === 'csv' ? `array_to_string(${texts}, ' ')` : `array_to_json(${texts})::text`,
  );
  const writer = writers[format](Object.keys(item.shape), new Set(list.columns.textLists));
  const reader = lists.reader({ ...list, columns }, listOrder<Name, Sort>(query));
  return file(`${name}.${format}`, mediaTypes[format], reader, writer, (row) => row);
}

function file<Row>(
  name: string,
  type: string,
  reader: RowReader<Row>,
  writer: Writer,
  describe: (row: Row) => object,
): StreamableFile {
  // The socket asks for more when the request has left the limits of its caller.
  const inRequest = AsyncLocalStorage.snapshot();
  const pages = new PageBytes();
  let separator = '';
  const write = (row: Row): void => {
    pages.add(separator + writer.row(describe(row)));
    separator = writer.between;
  };
  const read = async (limit: number): Promise<ExportedPart> => {
    const rows = await inRequest(async () => reader.next(limit, write));
    return { bytes: pages.take(), rows, isLast: rows < limit };
  };
  // Bytes instead of objects: of those a stream reads sixteen ahead.
  return new StreamableFile(
    Readable.from(
      fileOf(read, async () => reader.close(), writer),
      { objectMode: false },
    ),
    { type, disposition: `attachment; filename="${name}"` },
  );
}

/** Some rows of a list as bytes of a file. */
interface ExportedPart {
  bytes: Uint8Array;
  rows: number;
  isLast: boolean;
}

/** Text of a file, of which PostgreSQL reads a part while the one before is written. */
async function* fileOf(
  read: (limit: number) => Promise<ExportedPart>,
  close: () => Promise<void>,
  { begin, end }: Writer,
): AsyncGenerator<string | Uint8Array> {
  yield begin;
  let limit = rowsOfPage(0, 0);
  let next: Promise<ExportedPart> | null = read(limit);
  try {
    while (next) {
      const { bytes, rows, isLast }: ExportedPart = await next;
      limit = rowsOfPage(rows, bytes.length);
      next = isLast ? null : read(limit);
      // A client that leaves meanwhile never waits for it.
      next?.catch(() => undefined);
      if (rows > 0) yield bytes;
    }
    yield end;
  } finally {
    await next?.catch(() => undefined);
    await close();
  }
}

/** Parts of a file. */
interface Writer {
  begin: string;
  row(row: object): string;
  between: string;
  end: string;
}

/** Writers for the columns of a file; `written` are those with a text in the format of the file. */
const writers: Record<
  (typeof exportFormats)[number],
  (columns: readonly string[], written: ReadonlySet<string>) => Writer
> = {
  csv: (columns) => ({
    begin: csvLine(columns),
    row: (row) => csvLine(columns.map((column) => cell((row as Record<string, unknown>)[column]))),
    between: '',
    end: '',
  }),
  json: (_, written) => ({ begin: '[', row: (row) => jsonOf(row, written), between: ',\n', end: ']\n' }),
  ndjson: (_, written) => ({ begin: '', row: (row) => `${jsonOf(row, written)}\n`, between: '', end: '' }),
};

function jsonOf(row: object, written: ReadonlySet<string>): string {
  if (written.size === 0) return JSON.stringify(row);
  let text = '';
  for (const [name, value] of Object.entries(row))
    text += `${text === '' ? '{' : ','}"${name}":${written.has(name) ? String(value) : JSON.stringify(value)}`;
  return `${text}}`;
}

/** A value as a cell: lists of texts are joined, documents are JSON. */
function cell(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean);
}
