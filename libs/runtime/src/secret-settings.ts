import { Secret } from '@tidewaiter/domain';
import { z } from 'zod';

/** Name of a connection; restricted, because it is part of URLs. */
export const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/, 'use 1 to 64 of a-z, 0-9, dot, dash and underscore');

/** Reads the file that a `…File` key names, relative to `tidewaiter.yaml`. */
export type ReadSecretFile = (path: string) => string;

/** `key` or `keyFile`: the file wins in production, the plain twin is for tests. */
export function secretPair<Key extends string>(key: Key) {
  return { [key]: z.string().min(1).optional(), [`${key}File`]: z.string().min(1).optional() } as Record<
    Key | `${Key}File`,
    z.ZodOptional<z.ZodString>
  >;
}

/** Reads the files of `…File` keys and records problems. */
export interface SecretReader {
  /** The secret of `plain` or of the file `file`; undefined when neither is given. */
  read(at: string, plain: string | undefined, file: string | undefined): Secret | undefined;
  text(at: string, file: string | undefined): string | undefined;
  problem(line: string): void;
}

/** Secret that this service does not use, so that its file need not be there. */
const unused = new Secret('');

/** @param isUsed whether the service uses the secret of a key, such as `sensors[0].token` */
export function secretReader(
  readFile: ReadSecretFile,
  problems: string[],
  isUsed: (at: string) => boolean = () => true,
): SecretReader {
  const text = (at: string, file: string | undefined): string | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFile(file);
    } catch {
      problems.push(`${at}: cannot read ${file}`);
      return undefined;
    }
  };
  return {
    text,
    problem: (line) => void problems.push(line),
    read(at, plain, file) {
      if (plain !== undefined && file !== undefined) problems.push(`${at}: give the value or the file, not both`);
      if (file !== undefined && !isUsed(at)) return unused;
      const value = file === undefined ? plain : text(`${at}File`, file);
      if (value === '') problems.push(`${at}: is empty`);
      return value ? new Secret(value) : undefined;
    },
  };
}
