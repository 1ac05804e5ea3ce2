import type { Page } from '../../api/types.js';

const maxPages = 5;

/** Reads a list to its end, or its first pages where it is long. */
export async function readFindings<Row>(
  read: (after: string | undefined) => Promise<Page<Row>>,
): Promise<{ findings: Row[]; isWhole: boolean }> {
  const findings: Row[] = [];
  let after: string | undefined;
  for (let count = 0; count < maxPages; count += 1) {
    const { items, next } = await read(after);
    findings.push(...items);
    if (next === null) return { findings, isWhole: true };
    after = next;
  }
  return { findings, isWhole: false };
}
