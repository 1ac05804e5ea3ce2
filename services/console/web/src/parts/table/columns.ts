import {
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  type ColumnDef,
  type SortingState,
} from '@tanstack/react-table';
import type { ReactNode } from 'react';

interface ColumnMeta {
  /** Class of its cells: width and alignment. */
  kind?: string | undefined;
  /** Whether its cell names the row. */
  isName?: boolean | undefined;
  /** Content of its cell in a row; its parameter is a row of the table. */
  content?: (row: never) => ReactNode;
}

const columnMeta: ColumnMeta = {};

export const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
  columnMeta,
});

export type Column<Row extends object> = ColumnDef<typeof features, Row>;

interface ColumnOptions<Row> extends ColumnMeta {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** Value by which rows are sorted; only where the whole list is known. */
  sortBy?: (row: Row) => string | number;
}

export function column<Row extends object>({ id, title, cell, sortBy, kind, isName }: ColumnOptions<Row>): Column<Row> {
  const shown = { header: title, meta: { kind, isName, content: cell } };
  if (!sortBy) return { id, ...shown, enableSorting: false };
  return { id, accessorFn: sortBy, sortFn: 'alphanumeric', sortDescFirst: false, ...shown };
}

/** `-severity` in an address sorts by severity, descending. */
export function readSorting(sort: string | undefined): SortingState {
  if (sort === undefined) return [];
  return [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }];
}

export function writeSorting(sorting: SortingState): string | undefined {
  const [first] = sorting;
  return first && `${first.desc ? '-' : ''}${first.id}`;
}
