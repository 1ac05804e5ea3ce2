import { InvalidArgumentError, Option } from 'commander';

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Timers of Node take no more. */
const maxMs = 2 ** 31 - 1;

/** Reads `250ms`, `30s`, `5m`, `1h`, `7d` of a command line, in milliseconds. */
export function duration(text: string): number {
  return read(text, maxMs);
}

/** An option that takes a {@link duration}; the help shows the default as it is written. */
export function durationOption(flags: string, description: string, preset: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(preset), preset);
}

/** {@link duration} of what no timer waits for. */
export function age(text: string): number {
  return read(text, Number.MAX_SAFE_INTEGER);
}

function read(text: string, max: number): number {
  const [, number, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const value = Number(number) * (unitMs[unit ?? ''] ?? Number.NaN);
  if (!(value > 0 && value <= max)) throw new InvalidArgumentError('Give a duration such as 250ms, 30s, 5m, 1h or 7d.');
  return value;
}
