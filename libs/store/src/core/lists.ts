import { hash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { InvalidInput, type Severity } from '@tidewaiter/domain';
import { type QueryExpression, type FieldValue, namesField, type Operator } from '@tidewaiter/query';
import type { OwnerSettings } from '@tidewaiter/runtime';

import type { Columns } from './columns.js';
import type { Page } from './page.js';
import { Permits, ResumableCursor } from './resumable-cursor.js';
import { type Cursor, type Queries, Store } from './store.js';

/** Parameters of a statement that is put together. */
export class Parameters {
  readonly values: unknown[] = [];

  /** Adds a value, and returns its placeholder: `$3`. */
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Other rows that have a text: `column` of them has the `key` of a row of the list. */
interface Related {
  key: string;
  column: string;
  /** `FROM push_image JOIN …` */
  from: string;
}

/** Owners of images by the settings; none unless given. */
export class OwnerRules {
  constructor(readonly settings: OwnerSettings = { rules: [], labels: [] }) {}
}

/** Sources of the condition of a field. */
export interface Lookups {
  store: Queries;
  owners: OwnerSettings;
}

/** SQL by which a field of a query reads the rows of a list. */
export type SqlField =
  /** Expressions of type text, text[], numeric, timestamptz or boolean. */
  | { text: string; related?: Related }
  | { texts: string }
  | {
      number: string;
      /** Condition on a row of a list by one on other rows that have the number. */
      related?: (condition: string) => string;
    }
  | { time: string }
  | { flag: string }
  /** Text of which `order` lists the values, the greatest first. */
  | { rank: string; order: readonly string[] }
  /** Condition for one value, such as a version range, which may need a query of its own. */
  | {
      match: (value: string, parameters: Parameters, lookups: Lookups) => Promise<string>;
      /** Query of values to complete with, as `value`. */
      values?: string;
    };

/** Orders that a list has; expressions are never null. */
export interface SqlSort {
  sql: string;
  /** Type to which the cursor's text is cast. */
  type: 'text' | 'bigint' | 'double precision' | 'timestamptz' | 'uuid';
}

/** A list whose rows a query filters and sorts. */
export interface RowList<Row, Name extends string = string, Sort extends string = string> {
  columns: Columns<Row>;
  /** `FROM push JOIN …`, without conditions. */
  from: string;
  /** Unique expression that orders rows of equal sort keys. */
  key: SqlSort;
  fields: Readonly<Record<Name, SqlField>>;
  /** Conditions that hold unless the query names a field itself: merged incidents are hidden. */
  presets?: readonly { unlessNamed: NoInfer<Name>; condition: string }[];
  /** Text by which a message names a row. */
  title: string;
  /** Texts in which the words of a query are searched. */
  words: readonly string[];
  sorts: Readonly<Record<Sort, SqlSort>>;
}

/** Rows of a list and their order. */
export interface ListOrder<Name extends string, Sort extends string> {
  where: QueryExpression<Name>;
  sort: Sort;
  isDescending: boolean;
}

export interface ListRequest<Name extends string, Sort extends string> extends ListOrder<Name, Sort> {
  limit: number;
  /** Cursor of the page before. */
  after?: string | undefined;
}

/** Number of rows that a query matches; at least that many if it was not counted to the end. */
export interface ListTotal {
  count: number;
  isAtLeast: boolean;
}

/** Rows that a total counts; a list shows more as "10,000 or more". */
const maxCounted = 10_000;
/** Values that complete a text. */
const maxValues = 20;

/** A row as messages name it. */
export interface NamedRow {
  /** Stays the same as long as the row does. */
  key: string;
  title: string;
  severity: Severity | null;
}

/** Limit on the characters of a title. */
const maxTitle = 300;

/** Place of a row in the order of its list. */
interface RowPlace {
  cursorSort: string;
  cursorKey: string;
}

type PlacedRow<Row> = Row & RowPlace;

/** All rows of a query, which are read in parts. */
export interface RowReader<Row> {
  /**
   * Takes the next rows, and returns how many there were: fewer than `limit` at the end. One call
   * at a time.
   */
  next(limit: number, take: (row: Row) => void): Promise<number>;
  close(): Promise<void>;
}

/** Readers that hold a connection at a time: the others of the pool are for pages. */
const maxOpenReaders = 2;

/** Lists whose rows queries filter and sort. */
@Injectable()
export class Lists {
  readonly #openReaders = new Permits(maxOpenReaders);

  constructor(
    private readonly store: Store,
    private readonly owners: OwnerRules = new OwnerRules(),
  ) {}

  /** Reads a page by keyset: as fast at the end of a list as at its beginning. */
  async page<Row, Name extends string, Sort extends string>(
    list: RowList<Row, Name, Sort>,
    { limit, after, ...order }: ListRequest<Name, Sort>,
  ): Promise<Page<Row>> {
    const binding = bindingOf(list, order);
    const last = after === undefined ? undefined : readListCursor(after, binding, typesOf(list, order.sort));
    const { sql, parameters } = await this.#ordered(list, order, last);
    const found = await this.store.assembled<PlacedRow<Row>>(
      `${sql} LIMIT ${parameters.add(limit + 1)}`,
      parameters.values,
    );
    const [shown, lastShown] = [found.slice(0, limit), found[limit - 1]];
    return {
      items: shown.map(withoutPlace),
      next: found.length > limit && lastShown ? listCursor(lastShown, binding) : null,
    };
  }

  /** Reader of all rows that a query matches. */
  reader<Row, Name extends string, Sort extends string>(
    list: RowList<Row, Name, Sort>,
    order: ListOrder<Name, Sort>,
  ): RowReader<Row> {
    const open = async (last: PlacedRow<Row> | undefined): Promise<Cursor<PlacedRow<Row>>> => {
      const { sql, parameters } = await this.#ordered(list, order, last);
      return this.store.cursor(sql, parameters.values);
    };
    const reader = new ResumableCursor(open, this.#openReaders);
    return {
      next: async (limit, take) => reader.next(limit, (row) => take(withoutPlace(row))),
      close: async () => reader.close(),
    };
  }

  /** Statement that reads the rows of a query in an order, after the last one, without a limit. */
  async #ordered<Row, Name extends string, Sort extends string>(
    list: RowList<Row, Name, Sort>,
    { where, sort, isDescending }: ListOrder<Name, Sort>,
    last?: RowPlace,
  ): Promise<{ sql: string; parameters: Parameters }> {
    this.#requireDecision();
    const parameters = new Parameters();
    const conditions = await conditionsOf(where, list, this.#statement(parameters));
    const { sql } = list.sorts[sort];
    if (last) {
      const [type, keyType] = typesOf(list, sort);
      const place = `(${parameters.add(last.cursorSort)}::${type}, ${parameters.add(last.cursorKey)}::${keyType})`;
      conditions.push(`(${sql}, ${list.key.sql}) ${isDescending ? '<' : '>'} ${place}`);
    }
    const direction = isDescending ? 'DESC' : 'ASC';
    const columns = list.columns.computed<RowPlace>({
      cursorSort: `(${sql})::text`,
      cursorKey: `(${list.key.sql})::text`,
    });
    return {
      sql: `SELECT ${columns} ${list.from} WHERE ${conditions.join(' AND ')}
       ORDER BY ${sql} ${direction}, ${list.key.sql} ${direction}`,
      parameters,
    };
  }

  /** Counts the rows that a query matches, up to ten thousand. */
  async total<Name extends string>(list: RowList<unknown, Name>, where: QueryExpression<Name>): Promise<ListTotal> {
    this.#requireDecision();
    const parameters = new Parameters();
    const condition = (await conditionsOf(where, list, this.#statement(parameters))).join(' AND ');
    const [{ count } = { count: 0 }] = await this.store.assembled<{ count: number }>(
      `SELECT count(*)::int AS count FROM (SELECT ${list.from} WHERE ${condition} LIMIT ${maxCounted + 1}) AS matched`,
      parameters.values,
    );
    return { count: Math.min(count, maxCounted), isAtLeast: count > maxCounted };
  }

  /** Names up to `limit` rows that a query matches, the greatest keys first. */
  async named<Name extends string>(
    list: RowList<unknown, Name>,
    where: QueryExpression<Name>,
    limit: number,
  ): Promise<NamedRow[]> {
    this.#requireDecision();
    const parameters = new Parameters();
    const conditions = await conditionsOf(where, list, this.#statement(parameters));
    const { severity } = list.fields as Partial<Record<string, SqlField>>;
    return this.store.assembled<NamedRow>(
      `SELECT (${list.key.sql})::text AS key, coalesce(left(${list.title}, ${maxTitle}), '') AS title,
         ${severity && 'rank' in severity ? severity.rank : 'NULL'}::text AS severity
       ${list.from} WHERE ${conditions.join(' AND ')} ORDER BY ${list.key.sql} DESC LIMIT ${parameters.add(limit)}`,
      parameters.values,
    );
  }

  /** Values of a field that begin with a text; none where the field has no texts. */
  async values(list: RowList<unknown>, name: string, prefix: string): Promise<string[]> {
    this.#requireDecision();
    const source = valuesSql(list, name);
    if (source === null) return [];
    const rows = await this.store.assembled<{ value: string }>(
      `SELECT DISTINCT value FROM (${source}) AS known WHERE value ILIKE $1 ORDER BY value LIMIT ${maxValues}`,
      [`${escapeLike(prefix)}%`],
    );
    return rows.map(({ value }) => value);
  }

  #statement(parameters: Parameters): Statement {
    return { parameters, store: this.store, owners: this.owners.settings };
  }

  /** Only requests read lists: one that lost its limits on the way must not read everything. */
  #requireDecision(): void {
    if (!this.store.isDecided) throw new Error('a list is read outside of the limits of its request');
  }
}

/** Query of the values of a field. */
function valuesSql({ fields, from, presets = [] }: RowList<unknown>, name: string): string | null {
  const field: SqlField | undefined = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!field) return null;
  if ('match' in field) return field.values ?? null;
  const where = ['true', ...presets.map(({ condition }) => `(${condition})`)].join(' AND ');
  if ('text' in field) return `SELECT ${field.text} AS value ${field.related?.from ?? `${from} WHERE ${where}`}`;
  return 'texts' in field ? `SELECT unnest(${field.texts}) AS value ${from} WHERE ${where}` : null;
}

/** Places of values in an order as SQL, the greatest first, so that it has the highest. */
export function rankSql(sql: string, order: readonly string[]): string {
  return `array_position('{${order.toReversed().join(',')}}'::text[], ${sql})`;
}

/** Statement whose conditions are put together. */
interface Statement extends Lookups {
  parameters: Parameters;
}

/** Conditions of the rows that a query of a list selects. */
export async function conditionsOf<Name extends string>(
  where: QueryExpression<Name>,
  list: RowList<unknown, Name>,
  statement: Statement,
): Promise<string[]> {
  const conditions = [await conditionOf(where, list, statement)];
  for (const { unlessNamed, condition } of list.presets ?? [])
    if (!namesField(where, unlessNamed)) conditions.push(`(${condition})`);
  return conditions;
}

async function conditionOf<Name extends string>(
  expression: QueryExpression<Name>,
  list: Pick<RowList<unknown, Name>, 'fields' | 'words'>,
  statement: Statement,
): Promise<string> {
  switch (expression.kind) {
    case 'all':
    case 'any': {
      const parts: string[] = [];
      for (const each of expression.of) parts.push(await conditionOf(each, list, statement));
      if (parts.length === 0) return 'true';
      return `(${parts.join(expression.kind === 'all' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      // A row without the value does not have it: null counts as false.
      return `(${await conditionOf(expression.of, list, statement)}) IS NOT TRUE`;
    case 'words': {
      const pattern = statement.parameters.add(`%${escapeLike(expression.text)}%`);
      return `(${list.words.map((text) => `${text} ILIKE ${pattern}`).join(' OR ')})`;
    }
    case 'condition':
      return fieldCondition(list.fields[expression.field], expression, statement);
  }
}

async function fieldCondition(
  field: SqlField,
  { operator, values }: { operator: Operator; values: readonly FieldValue[] },
  statement: Statement,
): Promise<string> {
  if (operator === '!=') return `(${await fieldCondition(field, { operator: '=', values }, statement)}) IS NOT TRUE`;
  const { parameters } = statement;
  if ('text' in field) {
    const { text, related } = field;
    const condition = textCondition(text, values, parameters);
    return related ? `${related.key} IN (SELECT ${related.column} ${related.from} WHERE ${condition})` : condition;
  }
  if ('texts' in field)
    return `EXISTS (SELECT FROM unnest(${field.texts}) AS item WHERE ${textCondition('item', values, parameters)})`;
  if ('number' in field) {
    const condition = comparison(field.number, operator, 'double precision', values, parameters);
    return field.related?.(condition) ?? condition;
  }
  if ('time' in field) return comparison(field.time, operator, 'timestamptz', values, parameters);
  if ('flag' in field) return values[0] === true ? `(${field.flag})` : `(${field.flag}) IS NOT TRUE`;
  if ('rank' in field) return `${field.rank} = ANY(${parameters.add(ranked(field.order, operator, values))}::text[])`;
  const matches = [];
  for (const value of values) matches.push(await field.match(String(value), parameters, statement));
  return `(${matches.join(' OR ')})`;
}

/** Condition that one of some texts has a value; `*` in it matches any characters. */
export function anyText(sql: string, value: string, parameters: Parameters): string {
  return `EXISTS (SELECT FROM unnest(${sql}) AS item WHERE ${textCondition('item', [value], parameters)})`;
}

/** Exact values in one comparison, so that an index serves them; patterns each on their own. */
export function textCondition(sql: string, values: readonly FieldValue[], parameters: Parameters): string {
  const texts = values.map(String);
  const exact = texts.filter((text) => !text.includes('*'));
  const parts = exact.length > 0 ? [`${sql} = ANY(${parameters.add(exact)}::text[])`] : [];
  for (const text of texts.filter((each) => each.includes('*')))
    parts.push(`${sql} LIKE ${parameters.add(likePattern(text))}`);
  return parts.length === 1 ? parts[0]! : `(${parts.join(' OR ')})`;
}

function comparison(
  sql: string,
  operator: Operator,
  type: 'double precision' | 'timestamptz',
  values: readonly FieldValue[],
  parameters: Parameters,
): string {
  if (operator === '=') return `${sql} = ANY(${parameters.add(values)}::${type}[])`;
  return `${sql} ${operator} ${parameters.add(values[0])}::${type}`;
}

/** Values of an order that a comparison selects. */
function ranked(order: readonly string[], operator: Operator, values: readonly FieldValue[]): string[] {
  if (operator === '=') return values.map(String);
  const place = order.indexOf(String(values[0]));
  if (operator === '>') return order.slice(0, place);
  if (operator === '>=') return order.slice(0, place + 1);
  return order.slice(operator === '<' ? place + 1 : place);
}

/** Pattern of `LIKE` for one in which `*` matches any characters. */
export function likePattern(pattern: string): string {
  return pattern.split('*').map(escapeLike).join('%');
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}

/** Types of the sort key and of the key of a list. */
function typesOf<Sort extends string>(
  { sorts, key }: RowList<unknown, string, Sort>,
  sort: Sort,
): readonly [SqlSort['type'], SqlSort['type']] {
  return [sorts[sort].type, key.type];
}

function withoutPlace<Row>({ cursorSort: _, cursorKey: __, ...row }: PlacedRow<Row>): Row {
  return row as Row;
}

/**
 * Hash of the list, its order and its query: after a row of other ones, rows would be missing.
 * Times are left out, as `7d` is another one with each request.
 */
function bindingOf<Name extends string, Sort extends string>(
  { from }: RowList<unknown, Name, Sort>,
  { where, sort, isDescending }: ListOrder<Name, Sort>,
): string {
  const query = JSON.stringify([from, sort, isDescending, where], function (this: unknown, key, value: unknown) {
    return (this as Record<string, unknown>)[key] instanceof Date ? null : value;
  });
  return hash('sha256', query, 'base64url').slice(0, 16);
}

function listCursor({ cursorSort, cursorKey }: RowPlace, binding: string): string {
  return Buffer.from(JSON.stringify([binding, cursorSort, cursorKey])).toString('base64url');
}

/** Shapes of the texts that a cursor may hold for a type. */
const cursorTexts: Record<SqlSort['type'], RegExp> = {
  text: /^[^\0]*$/,
  bigint: /^-?\d{1,18}$/,
  'double precision': /^-?\d{1,17}(?:\.\d{1,17})?(?:e[+-][0-2]?\d{1,2})?$/,
  timestamptz: /^(?:infinity|\d{4}-\d{2}-\d{2} [0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?[+-](?:0\d|1[0-4])(?::[0-5]\d)?)$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
};

/** Whether PostgreSQL can read the text as the type: it refuses a thirtieth of February. */
function isCursorText(type: SqlSort['type'], text: string): boolean {
  if (!cursorTexts[type].test(text)) return false;
  if (type === 'double precision') return Number.isFinite(Number(text));
  if (type !== 'timestamptz' || text === 'infinity') return true;
  const day = text.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return isDay && day >= '0001' && text.slice(11, 13) < '24';
}

/** @throws InvalidInput `CURSOR_INVALID` */
function readListCursor(text: string, binding: string, types: readonly [SqlSort['type'], SqlSort['type']]): RowPlace {
  const [of, ...texts] = jsonList(Buffer.from(text, 'base64url').toString());
  const [cursorSort = '', cursorKey = ''] = texts;
  if (of !== binding || !types.every((type, index) => isCursorText(type, texts[index] ?? '')))
    throw new InvalidInput('CURSOR_INVALID', 'not a cursor that this API gave out for this list, query and order');
  return { cursorSort, cursorKey };
}

function jsonList(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === 'string') ? value : [];
  } catch {
    return [];
  }
}
