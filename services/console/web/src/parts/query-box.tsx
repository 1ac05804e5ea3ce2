import { lazy, Suspense } from 'react';

import type { QueryProps } from './query-field.js';

// The list shows its rows before the completions are loaded.
const loading = import('./query-field.js');
const QueryField = lazy(() => loading);

/** Query of a list, completed while it is typed. */
export function QueryBox(props: QueryProps) {
  return (
    <Suspense fallback={<Placeholder {...props} />}>
      <QueryField {...props} />
    </Suspense>
  );
}

function Placeholder({ value, placeholder }: QueryProps) {
  return (
    <span className="filter wide query-box">
      <span className="label">Filter</span>
      <input readOnly aria-label="Filter" value={value ?? ''} placeholder={placeholder} />
    </span>
  );
}
