import { atLeast } from './least-rate.js';

const leastRate = { bytesPerSecond: 1_000, graceMs: 10_000, windowMs: 30_000 };

/** Reads a body of delayed chunks; returns its bytes, or the code and time of the error. */
async function read(
  chunks: Iterable<{ afterMs: number; bytes: number }>,
  readerMs = 0,
): Promise<number | { code: string; atMs: number }> {
  let nowMs = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const { afterMs, bytes } of chunks) {
      nowMs += afterMs;
      yield new Uint8Array(bytes);
    }
  }
  let bytes = 0;
  try {
    for await (const chunk of atLeast(body(), leastRate, 'https://registry.test', () => nowMs)) {
      bytes += chunk.length;
      nowMs += readerMs;
    }
    return bytes;
  } catch (error) {
    return { code: (error as { code: string }).code, atMs: nowMs };
  }
}

const times = (count: number, afterMs: number, bytes: number) =>
  Array.from({ length: count }, () => ({ afterMs, bytes }));

describe('atLeast', () => {
  it('passes a body that is fast enough for any time', async () => {
    expect(await read(times(1_000, 1_000, 1_001))).toBe(1_001_000);
  });

  it('cuts a body that drips once the grace period is over', async () => {
    expect(await read(times(100, 5_000, 64))).toEqual({ code: 'EGRESS_TOO_SLOW', atMs: 10_000 });
  });

  it('cuts a body that becomes slow after a fast start', async () => {
    const fast = times(100, 1_000, 100_000);
    const cut = await read([...fast, ...times(100, 1_000, 10)]);
    expect(cut).toMatchObject({ code: 'EGRESS_TOO_SLOW' });
    expect((cut as { atMs: number }).atMs).toBeLessThanOrEqual(100_000 + 31_000);
  });

  it('does not count the time of its reader', async () => {
    expect(await read(times(100, 1, 64), 60_000)).toBe(6_400);
  });

  it('lets a short body end during the grace period', async () => {
    expect(await read(times(2, 4_000, 10))).toBe(20);
  });

  it('forgives a pause as long as the average holds', async () => {
    const steps = [...times(20, 1_000, 3_000), ...times(1, 20_000, 1), ...times(20, 1_000, 3_000)];
    expect(await read(steps)).toBe(120_001);
  });

  it('holds few arrivals of a body of tiny chunks', async () => {
    expect(await read(times(200_000, 0.5, 1))).toBe(200_000);
  });
});
