import { getMetadataArgsStorage, type ValueTransformer } from 'typeorm';

/**
 * Select lists and their row types, generated from the entities. A table is described once, by its
 * entity: `columnsOf(SilenceRow)` is the list of its columns as SQL and carries the type of the
 * rows that it reads. Lists are made when a module is loaded, never for a query.
 */

/** Class of an entity. */
export type Entity<Row extends object> = new () => Row;

/**
 * Names of the columns of an entity: its properties, without relations, which are the optional
 * ones.
 */
export type ColumnName<Row> = {
  [Name in keyof Row]-?: Partial<Pick<Row, Name>> extends Pick<Row, Name> ? never : Name;
}[keyof Row] &
  string;

/**
 * Transformer of a `bigint` column whose values a JavaScript number holds exactly: sizes, counts
 * and positions. Without it the driver returns text.
 */
export const safeInteger: ValueTransformer = {
  to: (value: number | null) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

type Flat<Row> = { [Name in keyof Row]: Row[Name] };

/** Row whose lists of texts are read as one text each. */
export type WithJoinedTexts<Row> = { [Name in keyof Row]: Row[Name] extends string[] ? string : Row[Name] };

/** Expression of a select list, and the name of its field. */
interface Selection {
  name: string;
  sql: string;
  isTextList?: boolean;
}

/** A select list, for `SELECT` and `RETURNING`, with the type of its rows. */
export class Columns<Row> {
  /** Only a type: {@link RowOf} reads it. */
  declare readonly row: Row;

  readonly #text: string;

  constructor(private readonly items: readonly Selection[]) {
    this.#text = items.map(({ name, sql }) => (sql === name ? name : `${sql} AS "${name}"`)).join(', ');
  }

  /** Adds fields that no column holds, by their SQL expressions. */
  computed<Fields extends object>(fields: Record<keyof Fields & string, string>): Columns<Flat<Row & Fields>> {
    const expressions = Object.entries<string>(fields).map(([name, sql]) => ({ name, sql }));
    return new Columns([...this.items, ...expressions]);
  }

  /** Declares columns that are never null in the result, by the condition of the query. */
  notNull<Name extends keyof Row>(
    ..._names: readonly Name[]
  ): Columns<Flat<Row & { [Each in Name]: NonNullable<Row[Each]> }>> {
    return new Columns(this.items);
  }

  /** Adds the columns of another table of a join. */
  and<Other>(other: Columns<Other>): Columns<Flat<Row & Other>> {
    return new Columns([...this.items, ...other.items]);
  }

  /** Names of the columns of type `text[]`. */
  get textLists(): string[] {
    return this.items.filter(({ isTextList }) => isTextList).map(({ name }) => name);
  }

  /**
   * Reads each list of texts as one text by `join`, an expression for that of the list: far less
   * work for the client than hundreds of names in each row.
   */
  joiningTexts(join: (list: string) => string): Columns<WithJoinedTexts<Row>> {
    return new Columns(this.items.map((item) => (item.isTextList ? { ...item, sql: join(item.sql) } : item)));
  }

  toString(): string {
    return this.#text;
  }
}

/** Type of the rows of a select list: `RowOf<typeof columns>`. */
export type RowOf<List extends Columns<unknown>> = List['row'];

interface Selected<Name> {
  /** Name of the table in the query; without it columns are not qualified. */
  of?: string;
  /** Columns to read; all unless given. */
  only?: readonly Name[];
}

interface Omitted<Name> {
  of?: string;
  /** Columns that are not read, such as long documents. */
  omit: readonly Name[];
}

/** Select list of an entity, with each column under the name of its property, as `push.digest`. */
export function columnsOf<Row extends object, Name extends ColumnName<Row>>(
  entity: Entity<Row>,
  options: Omitted<Name>,
): Columns<Pick<Row, Exclude<ColumnName<Row>, Name>>>;
export function columnsOf<Row extends object, Name extends ColumnName<Row> = ColumnName<Row>>(
  entity: Entity<Row>,
  options?: Selected<Name>,
): Columns<Pick<Row, Name>>;
export function columnsOf<Row extends object>(
  entity: Entity<Row>,
  { of, only, omit = [] }: { of?: string; only?: readonly string[]; omit?: readonly string[] } = {},
): Columns<Pick<Row, ColumnName<Row>>> {
  const columns = only?.map((name) => columnOf(entity, name)) ?? tableOf(entity).columns;
  const wanted = columns.filter(({ property }) => !omit.includes(property));
  return new Columns(
    wanted.map(({ property, name, type, isSafeInteger }) => {
      const source = of === undefined ? name : `${of}.${name}`;
      return { name: property, sql: isSafeInteger ? `${source}::float8` : source, isTextList: type === 'text[]' };
    }),
  );
}

/** A column of a table, as its entity declares it. */
export interface TableColumn {
  property: string;
  /** Name in the table. */
  name: string;
  /** SQL type: `text[]`, `timestamptz`. */
  type: string;
  isSafeInteger: boolean;
}

/** The table of an entity. */
export interface Table {
  name: string;
  columns: readonly TableColumn[];
}

const tables = new Map<Entity<object>, Table>();

/** Name and columns of the table of an entity. */
export function tableOf(entity: Entity<object>): Table {
  const known = tables.get(entity);
  if (known) return known;
  const metadata = getMetadataArgsStorage();
  const name = metadata.filterTables(entity)[0]?.name;
  if (name === undefined) throw new Error(`${entity.name} is no entity`);
  const columns = metadata.filterColumns(entity).map(({ propertyName, options }) => ({
    property: propertyName,
    name: options.name ?? propertyName,
    type: `${String(options.type)}${options.array ? '[]' : ''}`,
    isSafeInteger: options.transformer === safeInteger,
  }));
  const table = { name, columns };
  tables.set(entity, table);
  return table;
}

/** A column of an entity by its property. */
export function columnOf(entity: Entity<object>, property: string): TableColumn {
  const column = tableOf(entity).columns.find((each) => each.property === property);
  if (!column) throw new Error(`${entity.name} has no column ${property}`);
  return column;
}
