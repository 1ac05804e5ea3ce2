import { TidewaiterError } from '@tidewaiter/domain';

/** A parser that is given hostile input. */
export interface Target {
  /** Also the name of its folder in `seeds/`. */
  name: string;
  /** Reads one input. It may throw only TidewaiterError, and its result must be plain JSON. */
  run: (input: Buffer) => unknown;
  /**
   * Repairs parts that would cause every mutated input to be refused early: checksums, compression.
   */
  repair?: (input: Buffer) => Buffer;
}

/** Runs a target on one input; returns a description of the fault, or undefined without one. */
export async function faultOf({ run }: Target, input: Buffer): Promise<string | undefined> {
  try {
    if (!isPlain(await run(input))) return 'the answer is no plain JSON that can be stored';
  } catch (error) {
    if (!(error instanceof TidewaiterError))
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return 'polluted' in {} || Object.keys(Object.prototype).length > 0 ? 'Object.prototype was changed' : undefined;
}

/** Whether JSON preserves a value, and PostgreSQL can store its texts. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value === null || typeof value === 'boolean';
  if (Array.isArray(value)) return value.every(isPlain);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === null || prototype === Object.prototype) && Object.values(value).every(isPlain);
}

/**
 * Results of analyzers and other parsers for one input; an input that one of them refuses still
 * reaches the others.
 */
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
