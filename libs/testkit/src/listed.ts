import type { RowList, Store } from '@tidewaiter/store';

/** First rows of a list without limits, the greatest of an order first. */
export async function listed<Row>(store: Store, list: RowList<Row>, sort: string): Promise<Row[]> {
  // Suites without a store need not load it.
  const { Lists } = await import('@tidewaiter/store');
  const request = { where: { kind: 'all', of: [] }, sort, isDescending: true, limit: 500 } as const;
  const { items } = await store.unlimited(async () => new Lists(store).page(list, request));
  return items;
}
