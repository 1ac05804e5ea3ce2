import { InvalidInput } from '@tidewaiter/domain';

/** The bytes of a layer break the rules of their format. */
export function corrupt(message: string, cause?: unknown): InvalidInput {
  return new InvalidInput('CORRUPT_LAYER', message, { cause });
}

/** A layer ends before its format allows it to. */
export function truncated(message: string, cause?: unknown): InvalidInput {
  return new InvalidInput('TRUNCATED_LAYER', message, { cause });
}
