export interface Merged<Row> {
  /** Rows on the screen in their order, each in its newest state. */
  rows: readonly Row[];
  /** Rows of the first page that are not on the screen yet. */
  waiting: number;
}

/**
 * Merges the rows of a list with its first page as it is now. Known rows change in place; new ones
 * are only counted, so that nothing moves below a pointer. An empty list shows what comes.
 */
export function mergeFresh<Row>(
  shown: readonly Row[],
  fresh: readonly Row[],
  keyOf: (row: Row) => string,
): Merged<Row> {
  if (shown.length === 0) return { rows: fresh, waiting: 0 };
  const newest = new Map(fresh.map((row) => [keyOf(row), row]));
  const seen = new Set<string>();
  const rows: Row[] = [];
  for (const row of shown) {
    const key = keyOf(row);
    // A page may repeat the last row of the one before when rows were added meanwhile.
    if (seen.has(key)) continue;
    seen.add(key);
    rows.push(newest.get(key) ?? row);
  }
  return { rows, waiting: fresh.filter((row) => !seen.has(keyOf(row))).length };
}
