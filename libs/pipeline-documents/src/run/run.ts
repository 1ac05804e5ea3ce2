import { type CiRun, isDigest } from '@tidewaiter/domain';
import { redactSecrets } from '@tidewaiter/secrets';
import { readText, readTime } from '@tidewaiter/webhooks';
import { z } from 'zod';

import { type DocumentKind, invalidDocument } from '../document-kind.js';
import { readImageName } from '../image-name.js';

const title = 'run of a pipeline';

/** Numbers are as good as texts: shells write both. */
const text = z
  .union([z.string().max(2048), z.number()], { error: 'is no text' })
  .nullish()
  .transform((value) => readText(typeof value === 'number' ? String(value) : value));

const page = z
  .url({ protocol: /^https?$/, error: 'is no address of a page' })
  .max(2048)
  .nullish()
  .transform((value) => readText(value, 2048));

const time = z
  .string({ error: 'is no time' })
  .nullish()
  .transform((value, context) => {
    const read = readTime(value);
    if (value && read === null) context.addIssue('is no time such as 2027-01-31T12:00:00Z');
    return read;
  });

const run = z.strictObject({
  url: page,
  id: text,
  attempt: text,
  workflow: text,
  actor: text,
  source: text,
  revision: text,
  ref: text,
  startedAt: time,
  finishedAt: time,
});

const document = z.strictObject({
  image: z
    .string({ error: 'is no name of an image' })
    .nullish()
    .transform((value, context) => {
      const name = readImageName(value);
      if (value && name === null) context.addIssue('is no name of an image');
      return name;
    }),
  digest: z.string().refine(isDigest, 'is no digest such as sha256:…').nullish(),
  run: run.prefault({}),
});

/**
 * Ours:
 * `{ image, digest, run: { url, id, attempt, workflow, actor, source, revision, ref, startedAt,
 * finishedAt } }`.
 */
export const ciRun: DocumentKind = {
  format: 'run',
  title,
  recognizes: (given) => given['run'] !== undefined || given['digest'] !== undefined,
  read(given) {
    const read = document.safeParse(given);
    if (!read.success) throw invalidDocument(title, problemOf(read.error.issues[0]));
    const { image, digest, run: facts } = read.data;
    return {
      kind: 'run',
      mediaType: 'application/json',
      version: null,
      subjects: isDigest(digest) ? [digest] : [],
      isBound: digest !== null && digest !== undefined,
      image,
      run: facts satisfies CiRun,
      packages: null,
      builder: null,
    };
  },
};

function problemOf(issue: z.core.$ZodIssue | undefined): string {
  // Alone, since a command is known by where it begins.
  if (issue?.code === 'unrecognized_keys')
    return `${[...issue.path, redactSecrets(issue.keys[0] ?? '')].join('.')} is an unknown key`;
  return `${issue?.path.join('.')} ${issue?.message}`;
}
