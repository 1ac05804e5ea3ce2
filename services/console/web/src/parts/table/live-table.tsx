import { staleFleet } from '@tidewaiter/domain';
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';

import type { LiveList } from '../../live/live-list.js';
import { absoluteTime } from '../relative-time.js';
import { Problem, Skeleton } from '../states.js';
import type { Column } from './columns.js';
import { DataTable } from './data-table.js';

interface Props<Row extends object> {
  label: string;
  list: LiveList<Row>;
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  selected?: string | undefined;
  /** Shown in place of a table without rows. */
  empty: ReactNode;
}

/** Table of a live list: a pill counts new rows until they are asked for. */
export function LiveTable<Row extends object>({ label, list, columns, keyOf, selected, empty }: Props<Row>) {
  return (
    <div className="live-table">
      <NewRowsPill list={list} />
      {list.asOf !== undefined && <StaleNote asOf={list.asOf} />}
      {list.error !== null ? (
        <Problem error={list.error} retry={list.retry} />
      ) : list.isPending ? (
        <Skeleton />
      ) : list.rows.length === 0 ? (
        empty
      ) : (
        <DataTable
          label={label}
          columns={columns}
          rows={list.rows}
          keyOf={keyOf}
          selected={selected}
          onEnd={list.hasMore ? list.more : undefined}
        />
      )}
      {list.isLoadingMore && <p className="quiet">Loading older rows</p>}
    </div>
  );
}

function StaleNote({ asOf }: { asOf: string | null }) {
  const text = staleFleet(asOf, Date.now(), absoluteTime);
  return text === null ? null : <p role="note">{text}</p>;
}

/** Its region is there from the start, so that a new count is announced. */
function NewRowsPill({ list: { waiting, showNew } }: { list: { waiting: number; showNew: () => void } }) {
  return (
    <div className="pill" aria-live="polite">
      {waiting > 0 && (
        <Button
          className="primary"
          onPress={() => {
            showNew();
            scrollTo({ top: 0 });
            document.getElementById('main')?.focus();
          }}
        >
          {waiting.toLocaleString('en')} new
        </Button>
      )}
    </div>
  );
}
