/** Work in small steps, between which other work may run. */
export type Steps<Result> = Generator<void, Result>;

/** Runs work to its end at once. */
export function completed<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
