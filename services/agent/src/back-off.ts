/**
 * Pause before a try after some failures: doubled by each up to a limit, of which chance takes up
 * to half, so that agents and watches do not return at one moment.
 * @param random between 0 and 1
 */
export function backOffMs(failures: number, random: number, { firstMs = 1_000, maxMs = 30_000 } = {}): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (1 - random / 2));
}
