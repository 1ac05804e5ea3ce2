import type { ApiTokens, AuditAction } from '@tidewaiter/store';

import { changeStore } from '../database.js';

/** Changes the API tokens of a database: that of {@link changeStore} unless a URL names one. */
export async function changeTokens<Result>(
  action: AuditAction,
  work: (tokens: ApiTokens) => Promise<Result>,
  url?: string,
): Promise<Result> {
  const { ApiTokens } = await import('@tidewaiter/store');
  return changeStore(action, async (store) => work(new ApiTokens(store)), url);
}
