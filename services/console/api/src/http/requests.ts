import { InvalidInput, isDigest, type Digest } from '@tidewaiter/domain';
import { z } from 'zod';

/** @throws InvalidInput `INPUT_INVALID`, naming every wrong key and never a value; `CURSOR_INVALID` */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '));
  throw new InvalidInput('INPUT_INVALID', problems.join('; '));
}

/** @throws InvalidInput `ID_INVALID` */
export function readId(text: string): string {
  if (z.uuid().safeParse(text).success) return text;
  throw new InvalidInput('ID_INVALID', 'not an id: ids are UUIDs');
}

/** @throws InvalidInput `DIGEST_INVALID` */
export function readDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new InvalidInput('DIGEST_INVALID', 'not a digest: sha256: and 64 hex digits');
}
