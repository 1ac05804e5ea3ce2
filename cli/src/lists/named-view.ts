import { InvalidInput, NotFound } from '@tidewaiter/domain';

import { getApi, type Server } from '../server.js';

/** Saved view of the API. */
export interface View {
  id: string;
  name: string;
  list: string;
  q: string;
  sort: string | null;
  visibility: string;
  isPinned: boolean;
  receiver: string | null;
  watchProblem: string | null;
  owner: string;
  isOwn: boolean;
  total: { count: number; isAtLeast: boolean } | null;
  problem: string | null;
}

/**
 * The view of a name: an own one before those of others.
 * @throws NotFound `VIEW_UNKNOWN`; InvalidInput `VIEW_OF_OTHER_LIST`
 */
export async function viewNamed(name: string, server: Server, list?: string): Promise<View> {
  const { items } = await getApi('views', server, isViews);
  const named = items.filter((view) => view.name === name);
  const [view] = named.filter((each) => list === undefined || each.list === list);
  if (view) return view;
  const [other] = named;
  if (other) throw new InvalidInput('VIEW_OF_OTHER_LIST', `${name} is a view of ${other.list}`);
  throw new NotFound('VIEW_UNKNOWN', `there is no view ${name}`);
}

export function isViews(answer: unknown): answer is { items: View[] } {
  return Array.isArray((answer as { items?: unknown } | undefined)?.items);
}
