import type { UnfixedGroup } from '@tidewaiter/reports';

export type CutGroup = UnfixedGroup & { omitted: number };

/** Rows that every group has, however many there are. */
const leastRows = 5;

/** Leaves out rows, so that groups share the limit, and the worst rows of each stay. */
export function cutGroups(groups: readonly UnfixedGroup[], limit: number): CutGroup[] {
  let left = limit;
  const shares = new Map<UnfixedGroup, number>();
  // Small groups first: what they do not use is for the others.
  for (const [index, group] of groups.toSorted((a, b) => a.rows.length - b.rows.length).entries()) {
    const share = Math.min(group.rows.length, Math.max(leastRows, Math.floor(left / (groups.length - index))));
    shares.set(group, share);
    left = Math.max(0, left - share);
  }
  return groups.map((group) => {
    const rows = group.rows.slice(0, shares.get(group));
    return { ...group, rows, omitted: group.rows.length - rows.length };
  });
}
