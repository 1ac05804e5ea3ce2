import { type FindingKind, InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

import { readYamlFile } from '../yaml-file.js';
import { type Exception, findingNameSchema, globSchema, purlSchema } from './exception.js';

const code = 'IGNORE_FILE_INVALID';
const maxFileBytes = 1024 * 1024;

/**
 * Parses a `.trivyignore`: an id on each line, optionally with `exp:2027-01-31`, and comments.
 * @throws InvalidInput `IGNORE_FILE_INVALID` naming the line
 * @see https://trivy.dev/latest/docs/configuration/filtering/#trivyignore
 */
export function readTrivyIgnore(text: string, name: string): Exception[] {
  if (text.length > maxFileBytes) throw new InvalidInput(code, `${name}: larger than ${maxFileBytes} bytes`);
  return text.split(/\r?\n/).flatMap((line, index) => {
    const [finding, ...rest] = line
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .split(/\s+/);
    if (!finding) return [];
    const source = `${name}:${index + 1}`;
    if (!findingNameSchema.safeParse(finding).success)
      throw new InvalidInput(code, `${source}: expected an id; patterns are not supported`);
    const until = rest.map((word) => expiryOf(word, source)).find((day) => day !== null) ?? null;
    return { kind: 'ignore', source, finding, reason: null, owner: null, until };
  });
}

function expiryOf(word: string, source: string): Date | null {
  if (!word.startsWith('exp:')) throw new InvalidInput(code, `${source}: expected exp:YYYY-MM-DD after the id`);
  const day = z.iso.date().safeParse(word.slice('exp:'.length));
  if (!day.success) throw new InvalidInput(code, `${source}: expected a day after exp:, such as exp:2027-01-31`);
  return new Date(day.data);
}

const entry = z.strictObject({
  id: findingNameSchema,
  paths: z.array(globSchema).optional(),
  purls: z.array(purlSchema).optional(),
  statement: z.string().optional(),
  // As in Trivy, it ends when the day begins.
  expired_at: z.iso
    .date()
    .or(z.iso.datetime({ offset: true }))
    .transform((text) => new Date(text))
    .optional(),
});

const kindsOf = {
  vulnerabilities: ['vulnerability'],
  misconfigurations: ['misconfiguration'],
  secrets: ['secret'],
  // There are no findings about licenses.
  licenses: [],
} as const satisfies Record<string, FindingKind[]>;

const sections = Object.keys(kindsOf) as (keyof typeof kindsOf)[];

const trivyIgnoreYaml = z.strictObject(
  Object.fromEntries(sections.map((section) => [section, z.array(entry).nullish()])) as Record<
    keyof typeof kindsOf,
    z.ZodOptional<z.ZodNullable<z.ZodArray<typeof entry>>>
  >,
);

/**
 * Parses a `.trivyignore.yaml`.
 * @throws InvalidInput `IGNORE_FILE_INVALID` naming the line and key of every problem
 * @see https://trivy.dev/latest/docs/configuration/filtering/#trivyignoreyaml
 */
export function readTrivyIgnoreYaml(text: string, name: string): Exception[] {
  const { value, lineOf } = readYamlFile(text, trivyIgnoreYaml, name, code);
  return sections.flatMap((section) =>
    (value[section] ?? []).map(({ id, paths, purls, statement, expired_at: until }, index): Exception => ({
      kind: 'ignore',
      source: `${name}:${lineOf([section, index])}`,
      finding: id,
      kinds: kindsOf[section],
      // Trivy treats an empty list as absent.
      ...(paths !== undefined && paths.length > 0 && { paths }),
      ...(purls !== undefined && purls.length > 0 && { packages: purls }),
      reason: statement ?? null,
      owner: null,
      until: until ?? null,
    })),
  );
}
