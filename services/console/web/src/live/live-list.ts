import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import type { Page } from '../api/types.js';
import { mergeFresh } from './merge.js';
import { refreshOf } from './refresh.js';

/** Source of a list: its key in the cache, its pages, and what identifies a row. */
export interface ListSource<Row> {
  key: readonly unknown[];
  page: (after: string | undefined, signal: AbortSignal) => Promise<Page<Row>>;
  keyOf: (row: Row) => string;
}

export interface LiveList<Row> {
  rows: readonly Row[];
  /** Number of new rows that `showNew` would show. */
  waiting: number;
  showNew: () => void;
  more: () => void;
  hasMore: boolean;
  /** As the newest page has it. */
  asOf: string | null | undefined;
  isLoadingMore: boolean;
  /** Whether nothing is known yet. */
  isPending: boolean;
  error: Error | null;
  retry: () => void;
}

/** A list by pages that is kept current: rows change in place, new ones wait to be shown. */
export function useLiveList<Row>({ key, page, keyOf }: ListSource<Row>): LiveList<Row> {
  const client = useQueryClient();
  const pages = useInfiniteQuery({
    queryKey: [...key, 'pages'],
    queryFn: ({ pageParam, signal }) => page(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: Infinity,
    gcTime: 0,
  });
  const first = useQuery({
    queryKey: [...key, 'first'],
    queryFn: ({ signal }) => page(undefined, signal),
    refetchInterval: refreshOf,
    enabled: pages.isSuccess,
  });
  const [known, fresh] = [pages.data?.pages, first.data?.items];
  // The same rows keep what was rendered of them.
  const { rows, waiting } = useMemo(
    () => mergeFresh(known?.flatMap(({ items }) => items) ?? [], fresh ?? [], keyOf),
    [known, fresh, keyOf],
  );
  return {
    rows,
    waiting,
    showNew: () => void client.resetQueries({ queryKey: [...key, 'pages'] }),
    more: () => void (pages.hasNextPage && !pages.isFetchingNextPage && pages.fetchNextPage()),
    hasMore: pages.hasNextPage,
    asOf: (first.data ?? known?.[0])?.asOf,
    isLoadingMore: pages.isFetchingNextPage,
    isPending: pages.isPending,
    error: rows.length === 0 ? pages.error : null,
    retry: () => void pages.refetch(),
  };
}
