import type { DatabaseSync } from 'node:sqlite';

/**
 * A table as its rows are identified: by a natural key, because numbers of rows differ from file to
 * file. Derived from the definitions, so that a table or column that is added later takes part.
 */
export interface TableShape {
  name: string;
  /** All columns but the number of the row. */
  columns: Column[];
  /** Columns of the key, by name. */
  key: string[];
  /** Whether rows have a number, `id`, to which `NAME_id` of other tables refers. */
  isNumbered: boolean;
}

export interface Column {
  name: string;
  isNumeric: boolean;
  /** Table whose row the number in this column means. */
  refersTo: TableShape | null;
}

/** State of this copy, which is no content. */
const ownTables = new Set(['artifact']);

/** Tables of a file, those to which others refer first. */
export function tableShapes(db: DatabaseSync, schema = 'main'): TableShape[] {
  const names = db
    .prepare(
      `SELECT name FROM ${schema}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !ownTables.has(name));
  const numbered = new Map<string, TableShape>();
  const others: TableShape[] = [];
  for (const name of names) {
    const info = db.prepare(`PRAGMA ${schema}.table_info(${name})`).all() as unknown as ColumnInfo[];
    const primary = info.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
    const isNumbered = primary.length === 1 && primary[0]!.name === 'id';
    const shape = {
      name,
      columns: info
        .filter((each) => !isNumbered || each.pk === 0)
        .map((each) => ({ name: each.name, isNumeric: /^(REAL|INTEGER|NUMERIC)$/i.test(each.type), refersTo: null })),
      key: isNumbered ? uniqueColumns(db, schema, name) : primary.map((each) => each.name),
      isNumbered,
    };
    if (isNumbered) numbered.set(name, shape);
    else others.push(shape);
  }
  return [...numbered.values(), ...others].map((shape) => ({
    ...shape,
    columns: shape.columns.map((column) => ({
      ...column,
      refersTo: column.name.endsWith('_id') ? (numbered.get(column.name.slice(0, -'_id'.length)) ?? null) : null,
    })),
  }));
}

interface ColumnInfo {
  name: string;
  type: string;
  pk: number;
}

function uniqueColumns(db: DatabaseSync, schema: string, table: string): string[] {
  const indexes = db.prepare(`PRAGMA ${schema}.index_list(${table})`).all();
  const unique = indexes.find(({ origin }) => origin === 'u');
  if (!unique) throw new TypeError(`table ${table} has numbers and no other key`);
  return db
    .prepare(`PRAGMA ${schema}.index_info(${String(unique['name'])})`)
    .all()
    .map(({ name }) => String(name));
}

/** Columns of a row with natural keys in place of numbers, as SQL expressions. */
export function naturalColumns({ columns }: TableShape, alias: string): string[] {
  return columns.flatMap((column) => naturalColumn(column, alias));
}

/** The same for the columns of the key alone. */
export function naturalKey({ columns, key }: TableShape, alias: string): string[] {
  return key.flatMap((name) =>
    naturalColumn(
      columns.find((column) => column.name === name)!,
      alias,
    ),
  );
}

function naturalColumn({ name, refersTo }: Column, alias: string): string[] {
  return refersTo ? refersTo.key.map((part) => `${alias}_${refersTo.name}.${part}`) : [`${alias}.${name}`];
}

/** `FROM` of {@link naturalColumns}. */
export function naturalFrom({ name, columns }: TableShape, schema: string, alias: string): string {
  const joins = columns.flatMap((column) => {
    if (!column.refersTo) return [];
    const other = `${alias}_${column.refersTo.name}`;
    return `JOIN ${schema}.${column.refersTo.name} AS ${other} ON ${other}.id = ${alias}.${column.name}`;
  });
  return [`${schema}.${name} AS ${alias}`, ...joins].join(' ');
}
