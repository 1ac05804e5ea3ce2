import { lazy, Suspense } from 'react';

import type { View } from '../api/types.js';

const SaveView = lazy(async () => ({ default: (await import('./save-view.js')).SaveView }));

const formats = { csv: 'CSV', json: 'JSON', ndjson: 'NDJSON' } as const;

interface Props {
  /** List of the API: `incidents`. */
  list: 'audit' | View['list'];
  q: string;
  sort: string | undefined;
}

/** Files of all rows that the filters match, in the order of the list; and the query as a view. */
export function ExportLinks({ list, q, sort }: Props) {
  return (
    <>
      <span className="exports">
        Export{' '}
        {Object.entries(formats).map(([format, name]) => (
          <a key={format} download href={`api/v1/${list}/export?${exportQuery({ q, sort, format })}`}>
            {name}
          </a>
        ))}
      </span>
      {list !== 'audit' && (
        <Suspense>
          <SaveView list={list} q={q} sort={sort} />
        </Suspense>
      )}
    </>
  );
}

function exportQuery(parameters: Record<string, string | undefined>): string {
  const known = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new URLSearchParams(known).toString();
}
