import { findingKinds } from '@tidewaiter/domain';
import { z } from 'zod';

import { readPurl } from '../purl-pattern.js';
import { readYamlFile } from '../yaml-file.js';
import { type Exception, findingNameSchema, globSchema, reasonSchema, untilSchema } from './exception.js';

const entry = z
  .strictObject({
    id: findingNameSchema.optional(),
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'expected a fingerprint: 64 hex digits')
      .optional(),
    reason: reasonSchema,
    until: untilSchema,
    owner: z.string().min(1).optional(),
    paths: z.array(globSchema).min(1).optional(),
    packages: z
      .array(
        z
          .string()
          .min(1)
          .transform((text) => readPurl(text) ?? text),
      )
      .min(1)
      .optional(),
    kinds: z.array(z.enum(findingKinds)).min(1).optional(),
  })
  .refine(({ id, fingerprint }) => (id === undefined) !== (fingerprint === undefined), 'give an id or a fingerprint');

const ignoreFile = z.strictObject({ ignore: z.array(entry).default([]) });

/**
 * Parses a `.tidewaiter-ignore.yaml`, in which every entry has a reason and an end.
 * @throws InvalidInput `IGNORE_FILE_INVALID` naming the line and key of every problem
 */
export function readIgnoreFile(text: string, name: string): Exception[] {
  const { value, lineOf } = readYamlFile(text, ignoreFile, name, 'IGNORE_FILE_INVALID');
  return value.ignore.map(({ id, fingerprint, reason, until, owner, ...restrictions }, index) => ({
    kind: 'ignore',
    source: `${name}:${lineOf(['ignore', index])}`,
    finding: id ?? fingerprint!,
    reason,
    until,
    owner: owner ?? null,
    ...restrictions,
  }));
}
