import { type Header, useTable } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useCallback, useLayoutEffect, useRef, useState } from 'react';

import { type Column, features, readSorting, writeSorting } from './columns.js';

const rowHeight = 40;
/** Rows below the screen at which the next page is asked for. */
const leadRows = 20;

const noRows: never[] = [];

interface Props<Data extends object> {
  label: string;
  columns: Column<Data>[];
  rows: readonly Data[];
  keyOf: (row: Data) => string;
  /** Key of the row that keys act on. */
  selected?: string | undefined;
  /** Asks for older rows. */
  onEnd?: (() => void) | undefined;
  /** State of the sorting in the address, and its change. */
  sort?: string | undefined;
  onSort?: ((sort: string | undefined) => void) | undefined;
}

/**
 * Table of any length: only rows near the screen are in the document. Small screens lay a row out
 * as a card, which takes its meaning from the roles.
 */
export function DataTable<Data extends object>(props: Props<Data>) {
  const { label, columns, rows, keyOf, selected, onEnd, sort, onSort } = props;
  const table = useTable({
    features,
    columns,
    // The others come sorted, and a model of each of thousands of rows would be made for each page.
    data: onSort ? rows : noRows,
    getRowId: keyOf,
    state: { sorting: readSorting(sort) },
    onSortingChange: (change) => {
      const next = typeof change === 'function' ? change(readSorting(sort)) : change;
      onSort?.(writeSorting(next));
    },
  });
  const sorted = onSort ? table.getRowModel().rows.map(({ original }) => original) : rows;
  const [group] = table.getHeaderGroups();
  return (
    <div className="table-box">
      <table role="table" aria-label={label} aria-rowcount={rows.length + 1}>
        <thead role="rowgroup">
          <tr role="row">
            {group?.headers.map((header) => (
              <HeaderCell key={header.id} header={header} isSortable={onSort !== undefined} />
            ))}
          </tr>
        </thead>
        <VirtualBody rows={sorted} keyOf={keyOf} columns={columns} selected={selected} onEnd={onEnd} />
      </table>
    </div>
  );
}

const ariaSort = { asc: 'ascending', desc: 'descending' } as const;

interface HeaderProps<Data extends object> {
  header: Header<typeof features, Data>;
  isSortable: boolean;
}

function HeaderCell<Data extends object>({ header, isSortable }: HeaderProps<Data>) {
  const { column } = header;
  const title = String(column.columnDef.header);
  const sorted = column.getIsSorted();
  const { kind, isName } = column.columnDef.meta ?? {};
  const canSort = isSortable && column.getCanSort();
  return (
    <th
      scope="col"
      role="columnheader"
      className={[kind, isName && 'naming'].filter(Boolean).join(' ')}
      aria-sort={canSort ? (sorted === false ? 'none' : ariaSort[sorted]) : undefined}
    >
      {canSort ? (
        <button type="button" className="sort" onClick={column.getToggleSortingHandler()}>
          {title} <span aria-hidden="true">{sorted === false ? '↕' : sorted === 'asc' ? '↑' : '↓'}</span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

interface BodyProps<Data extends object> {
  rows: readonly Data[];
  keyOf: (row: Data) => string;
  columns: Column<Data>[];
  selected: string | undefined;
  onEnd: (() => void) | undefined;
}

function VirtualBody<Data extends object>({ rows, keyOf, columns, selected, onEnd }: BodyProps<Data>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop((body.current?.getBoundingClientRect().top ?? 0) + scrollY), [rows.length]);
  // With another function the places of all rows would be computed again for each step.
  const keyAt = useCallback((index: number) => keyOf(rows[index]!), [rows, keyOf]);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: top,
    getItemKey: keyAt,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1);
  const isNearEnd = last !== undefined && last.index >= rows.length - leadRows;
  useLayoutEffect(() => {
    if (isNearEnd) onEnd?.();
  }, [isNearEnd, rows.length, onEnd]);
  const before = (items[0]?.start ?? top) - top;
  const after = virtualizer.getTotalSize() - ((last?.end ?? top) - top);
  return (
    <tbody ref={body} role="rowgroup">
      {before > 0 && <Spacer height={before} span={columns.length} />}
      {items.map(({ index, key }) => (
        <tr
          key={key}
          ref={virtualizer.measureElement}
          role="row"
          data-index={index}
          aria-rowindex={index + 2}
          aria-current={key === selected ? 'true' : undefined}
        >
          <Cells row={rows[index]!} columns={columns} />
        </tr>
      ))}
      {after > 0 && <Spacer height={after} span={columns.length} />}
    </tbody>
  );
}

/** Room of the rows that are not in the document. */
function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tr className="spacer" aria-hidden="true">
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}

interface CellsProps<Data extends object> {
  row: Data;
  columns: Column<Data>[];
}

/** Only rows that come into the document are rendered while a list is scrolled. */
const Cells = memo(function Cells<Data extends object>({ row, columns }: CellsProps<Data>): ReactNode {
  return columns.map(({ id, header, meta }) => {
    const content = (meta?.content as ((row: Data) => ReactNode) | undefined)?.(row);
    return meta?.isName ? (
      <th key={id} scope="row" role="rowheader" className={meta.kind}>
        {content}
      </th>
    ) : (
      <td key={id} role="cell" className={meta?.kind} data-title={String(header)}>
        {content}
      </td>
    );
  });
}) as <Data extends object>(props: CellsProps<Data>) => ReactNode;
