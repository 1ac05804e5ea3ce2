import { StandardSchemaValidationPipe } from '@nestjs/common';
import { type Digest, InvalidInput, isDigest } from '@tidewaiter/domain';
import { z } from 'zod';

/** Issue of a Standard Schema. @see https://standardschema.dev */
interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
}

/**
 * Validates parameters, queries and bodies by the schemas in their decorators. Errors are
 * `INPUT_INVALID`, naming every wrong key and never a value, unless a schema throws its own.
 */
export class RequestValidation extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: invalidInput });
  }

  /**
   * Leaves keys such as `__proto__` in place: strict schemas refuse them, and a removed one would
   * go unnoticed.
   */
  protected override stripProtoKeys(): void {}
}

function invalidInput(issues: readonly Issue[]): InvalidInput {
  const problems = issues.map(({ path = [], message }) => [...path.map(segmentName), problemText(message)].join(': '));
  return new InvalidInput('INPUT_INVALID', problems.join('; '));
}

/** Words of zod for a field that is not there, as those of `tidewaiter.yaml`. */
function problemText(message: string): string {
  return /^Invalid input: expected [\w ]+, received undefined$/.test(message) ? 'is missing' : message;
}

function segmentName(segment: PropertyKey | { key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}

/** Id in a path. */
export const idParameter = z.string().meta({ format: 'uuid' }).transform(readId);

/** Digest in a path. */
export const digestParameter = z.string().meta({ pattern: '^sha256:[0-9a-f]{64}$' }).transform(readDigest);

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
