import type { DataSource } from 'typeorm';

interface ColumnShape {
  type: string;
  nullable: boolean;
  /** Whether PostgreSQL fills it in: by a default, an identity or an expression. */
  filled: boolean;
}

/** Columns of the tables by name. */
export type SchemaShape = Record<string, Record<string, ColumnShape>>;

/** Shape of a database, by which the next release is checked. */
export async function shapeOf(dataSource: DataSource): Promise<SchemaShape> {
  const rows: ({ table: string; column: string } & ColumnShape)[] = await dataSource.query(
    `SELECT relname AS table, attname AS column, format_type(atttypid, atttypmod) AS type,
       NOT attnotnull AS nullable, atthasdef OR attidentity <> '' AS filled
     FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
       AND attnum > 0 AND NOT attisdropped AND relname <> 'migration'
     ORDER BY relname, attname`,
  );
  const shape: SchemaShape = {};
  for (const { table, column, ...rest } of rows) (shape[table] ??= {})[column] = rest;
  return shape;
}

/**
 * Changes of a schema that break the services of an earlier release: a removed table or column,
 * another type, and a column that must be written now although they do not write it.
 */
export function incompatibilities(earlier: SchemaShape, later: SchemaShape): string[] {
  return Object.entries(earlier).flatMap(([table, columns]) => {
    const present = later[table];
    if (!present) return [`${table} is gone`];
    const known = Object.entries(columns).flatMap(([column, before]) => {
      const name = `${table}.${column}`;
      const after = present[column];
      if (!after) return [`${name} is gone`];
      if (after.type !== before.type) return [`${name} was ${before.type} and is ${after.type}`];
      if (before.nullable && !after.nullable) return [`${name} may not be null any more`];
      if (before.filled && !mayBeOmitted(after)) return [`${name} has no default any more`];
      return [];
    });
    const added = Object.entries(present).flatMap(([column, after]) =>
      columns[column] || mayBeOmitted(after) ? [] : [`${table}.${column} is new and has no default`],
    );
    return [...known, ...added];
  });
}

function mayBeOmitted({ nullable, filled }: ColumnShape): boolean {
  return nullable || filled;
}
