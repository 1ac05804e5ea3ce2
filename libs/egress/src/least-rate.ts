import { Unavailable } from '@tidewaiter/domain';

/** Least throughput of a response. Without it a byte now and then holds its reader forever. */
export interface LeastRate {
  bytesPerSecond: number;
  /** Milliseconds of waiting for the body before the rate counts. */
  graceMs: number;
  /** Milliseconds of waiting over which the rate is averaged. */
  windowMs: number;
}

interface Arrival {
  /** Milliseconds of waiting until it arrived. */
  atMs: number;
  /** Bytes up to it. */
  total: number;
}

/**
 * Passes a body on as long as it comes fast enough. Only the time counts in which the reader waits:
 * a slow reader is no slow server. A pause without any byte is the idle timeout's to end.
 * @throws Unavailable `EGRESS_TOO_SLOW`
 */
export async function* atLeast(
  body: AsyncIterable<Uint8Array>,
  { bytesPerSecond, graceMs, windowMs }: LeastRate,
  origin: string,
  nowMs: () => number = () => performance.now(),
): AsyncGenerator<Uint8Array> {
  // At most some hundred, so that a body of tiny chunks does not fill the memory.
  const spacingMs = windowMs / 100;
  const arrivals: Arrival[] = [{ atMs: 0, total: 0 }];
  let total = 0;
  let waitedMs = 0;
  let askedAtMs = nowMs();
  for await (const chunk of body) {
    waitedMs += nowMs() - askedAtMs;
    total += chunk.length;
    while (arrivals.length > 1 && arrivals[1]!.atMs <= waitedMs - windowMs) arrivals.shift();
    const { atMs, total: before } = arrivals[0]!;
    const rate = (total - before) / (Math.max(1, waitedMs - atMs) / 1_000);
    if (waitedMs >= graceMs && rate < bytesPerSecond) {
      const limit = `less than ${bytesPerSecond} bytes a second`;
      throw new Unavailable('EGRESS_TOO_SLOW', `${origin} sends ${limit}: ${Math.round(rate)}`);
    }
    if (waitedMs - arrivals.at(-1)!.atMs >= spacingMs) arrivals.push({ atMs: waitedMs, total });
    yield chunk;
    askedAtMs = nowMs();
  }
}
