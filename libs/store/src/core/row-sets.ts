import { type ColumnName, columnOf, type Entity } from './columns.js';
import { json } from './storable.js';

/** A row as it is written: times may be ISO text. */
type Written<Row> = { [Name in keyof Row]: Row[Name] extends Date | null ? Row[Name] | string : Row[Name] };

/**
 * Rows as parameters of a statement, with the columns and SQL types of their entity:
 *
 * ```
 * const given = unnestOf(LayerBlobRow, ['blobDigest', 'sizeBytes', 'diffId']);
 * `INSERT INTO layer_blob (${given.columns}) SELECT ${given.values} FROM ${given.table}`
 * ```
 */
export interface RowSet<Row> {
  /** Names of the columns, for `INSERT INTO … (…)`. */
  columns: string;
  /** The values in the same order, named by the properties. */
  values: string;
  /** Table of the rows, named `given`, whose columns are named by the properties. */
  table: string;
  parameters(rows: readonly Written<Row>[]): unknown[];
}

/**
 * Rows as one array for each column: the fastest form for plain values. Arrays do not fit, nor do
 * buffers of megabytes. `ordered` is the table with a column `position`, from 1.
 */
export function unnestOf<Row extends object, Name extends ColumnName<Row>>(
  entity: Entity<Row>,
  names: readonly Name[],
  /** Number of the first parameter. */
  first = 1,
): RowSet<Pick<Row, Name>> & { ordered: string } {
  const columns = names.map((name) => columnOf(entity, name));
  const array = columns.find(({ type }) => type.endsWith('[]'));
  if (array) throw new Error(`unnest would flatten ${entity.name}.${array.property}`);
  const values = columns.map(({ property }) => `"${property}"`).join(', ');
  const types = columns.map(({ type }, index) => `$${first + index}::${type}[]`);
  return {
    columns: columns.map(({ name }) => name).join(', '),
    values,
    table: `unnest(${types.join(', ')}) AS given (${values})`,
    ordered: `unnest(${types.join(', ')}) WITH ORDINALITY AS given (${values}, position)`,
    parameters: (rows) =>
      columns.map(({ property, type }) => {
        const items = rows.map((row) => (row as Record<string, unknown>)[property]);
        return type === 'jsonb' ? items.map(json) : items;
      }),
  };
}

/**
 * Rows as one JSON document: the fastest form for rows with documents, and the only one for arrays.
 * Has no buffers.
 */
export function recordsetOf<Row extends object, Name extends ColumnName<Row>>(
  entity: Entity<Row>,
  names: readonly Name[],
  /** Number of the parameter. */
  parameter = 1,
): RowSet<Pick<Row, Name>> {
  const columns = names.map((name) => columnOf(entity, name));
  const declared = columns.map(({ property, type }) => `"${property}" ${type}`).join(', ');
  return {
    columns: columns.map(({ name }) => name).join(', '),
    values: columns.map(({ property }) => `"${property}"`).join(', '),
    table: `jsonb_to_recordset($${parameter}) AS given (${declared})`,
    parameters: (rows) => [json(rows)],
  };
}

/** One row as plain parameters, for `INSERT INTO … (columns) VALUES (values)`. */
export function valuesOf<Row extends object, Name extends ColumnName<Row>>(
  entity: Entity<Row>,
  names: readonly Name[],
): Pick<RowSet<Pick<Row, Name>>, 'columns' | 'values'> & { parameters(row: Written<Pick<Row, Name>>): unknown[] } {
  const columns = names.map((name) => columnOf(entity, name));
  return {
    columns: columns.map(({ name }) => name).join(', '),
    values: columns.map((_, index) => `$${index + 1}`).join(', '),
    parameters: (row) =>
      columns.map(({ property, type }) => {
        const value = (row as Record<string, unknown>)[property];
        return type === 'jsonb' && value !== null ? json(value) : value;
      }),
  };
}

/** Assignments of an upsert: `name = EXCLUDED.name, …`. */
export function excluded<Row extends object>(entity: Entity<Row>, names: readonly ColumnName<Row>[]): string {
  return names
    .map((each) => columnOf(entity, each).name)
    .map((name) => `${name} = EXCLUDED.${name}`)
    .join(', ');
}
