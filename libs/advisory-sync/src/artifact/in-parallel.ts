/**
 * Runs `work` for each index, some at once. After a failure nothing new begins, and running work
 * ends first: its result counts for a later attempt, and the caller may close what it used.
 */
export async function inParallel(count: number, most: number, work: (index: number) => Promise<void>): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  const failure = new AbortController();
  const worker = async () => {
    for (const index of indexes) {
      if (failure.signal.aborted) return;
      await work(index).catch((error: unknown) => {
        failure.abort();
        throw error;
      });
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: most }, worker));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
