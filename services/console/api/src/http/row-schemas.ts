import type { ColumnName } from '@tidewaiter/store';
import type { z } from 'zod';

/**
 * Fields of an answer about a row of the store. With `satisfies SchemaOf<Row, Internal>`, every
 * column has a schema or is named as internal, or the answer does not compile. That the schema fits
 * the column is checked where a controller returns the row.
 */
export type SchemaOf<Row, Internal extends ColumnName<Row>> = Record<Exclude<ColumnName<Row>, Internal>, z.ZodType>;
