import { InvalidInput } from '@tidewaiter/domain';

/** Error for bytes that violate the format of a layer. */
export function corrupt(message: string, cause?: unknown): InvalidInput {
  return new InvalidInput('CORRUPT_LAYER', message, { cause });
}

/** Error for a layer that ends too early. */
export function truncated(message: string, cause?: unknown): InvalidInput {
  return new InvalidInput('TRUNCATED_LAYER', message, { cause });
}
