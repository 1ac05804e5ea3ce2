import { TidewaiterError } from '@tidewaiter/domain';

/** A parser that is given hostile input. */
export interface Target {
  /** Also of its folder in `seeds/`. */
  name: string;
  /** Reads one input. It may throw nothing but TidewaiterError, and what it answers must be plain JSON. */
  run: (input: Buffer) => unknown;
  /** Mends what would stop every mutated input at the door: checksums, compression. */
  repair?: (input: Buffer) => Buffer;
}

/** Runs a target over one input; answers what is wrong with it, undefined where nothing is. */
export async function faultOf({ run }: Target, input: Buffer): Promise<string | undefined> {
  try {
    if (!isPlain(await run(input))) return 'the answer is no plain JSON that can be stored';
  } catch (error) {
    if (!(error instanceof TidewaiterError))
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return 'polluted' in {} || Object.keys(Object.prototype).length > 0 ? 'Object.prototype was changed' : undefined;
}

/** Whether JSON keeps a value as it is, and PostgreSQL its texts. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value === null || typeof value === 'boolean';
  if (Array.isArray(value)) return value.every(isPlain);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === null || prototype === Object.prototype) && Object.values(value).every(isPlain);
}

/** What analyzers and other parsers of a list make of one input; one that refuses it does not keep it from the others. */
export function outcomes(parsers: readonly (() => unknown)[]): unknown[] {
  return parsers.map((parse) => {
    try {
      return parse();
    } catch (error) {
      if (error instanceof TidewaiterError) return error.code;
      throw error;
    }
  });
}
