import { useMemo, useState } from 'react';

export interface RowSelection {
  /** Selected rows that are listed. */
  ids: ReadonlySet<string>;
  toggle: (id: string) => void;
  set: (ids: readonly string[]) => void;
  clear: () => void;
}

/** Selection of rows; one that leaves the list is no longer selected. */
export function useSelection(rows: readonly { readonly id: string }[]): RowSelection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const listed = rows.map(({ id }) => id).join(' ');
  return useMemo(
    () => ({
      ids: new Set(rows.map(({ id }) => id).filter((id) => chosen.has(id))),
      toggle: (id) =>
        setChosen((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id])),
      set: (ids) => setChosen(new Set(ids)),
      clear: () => setChosen(new Set()),
    }),
    [chosen, listed],
  );
}
