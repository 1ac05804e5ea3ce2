import { createHash } from 'node:crypto';

import {
  AccessDenied,
  type CiRun,
  type CiRunFact,
  type Digest,
  InvalidInput,
  isDigest,
  matchesWildcard,
} from '@tidewaiter/domain';
import { type BuiltImageName, isTag, type PipelineDocument, readImageName } from '@tidewaiter/pipeline-documents';
import { redactSecrets } from '@tidewaiter/secrets';
import type { NewPipelineReport } from '@tidewaiter/store';
import type { HookRequest } from '@tidewaiter/webhooks';

import { redactDocument } from './redact-document.js';

/**
 * Limit on images that one document is bound to: a release's attestation may have hundreds of
 * files.
 */
export const maxSubjects = 64;

/** Sender of a report, and the known facts of its run. */
export interface Reporter {
  /** `ci` */
  connection: string;
  /** Patterns of the repositories that it may report on. */
  repositories: readonly string[];
  /** Facts of the run from its token; empty without a token. */
  proven: Partial<CiRun>;
}

/**
 * Binds a document to its images: those of the request, or else those that it names.
 * @throws InvalidInput `DIGEST_INVALID`, `DIGEST_MISSING`, `SUBJECT_MISMATCH`, `TOO_MANY_SUBJECTS`,
 * `REPOSITORY_INVALID`, `TAG_INVALID`, `RUN_MISSING`
 * @throws AccessDenied `REPOSITORY_DENIED`
 */
export function bindReport(
  document: PipelineDocument,
  query: HookRequest['query'],
  reporter: Reporter,
): NewPipelineReport[] {
  const image = imageOf(document, query);
  if (!mayReport(reporter, image))
    throw new AccessDenied(
      'REPOSITORY_DENIED',
      'this pipeline may not speak of that repository; say which by ?repository=',
    );
  const { run, proven } = mergedRun(document.run, reporter.proven);
  if (document.kind === 'run' && Object.values(run).every((value) => value === null))
    throw new InvalidInput('RUN_MISSING', 'Nothing is said of a run.');
  const { kind, format, packages, mediaType, content } = document;
  const version = document.version && redactSecrets(document.version);
  const builder = document.builder && redactSecrets(document.builder);
  const stated = { kind, format, version, packages, builder, mediaType, content: redactDocument(content) };
  const documentDigest: Digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const { connection } = reporter;
  return digestsOf(document, query).map((imageDigest) => {
    const reportKey = keyOf([
      imageDigest,
      documentDigest,
      image?.repository,
      image?.tag,
      run.source,
      run.id,
      run.attempt,
    ]);
    const bound = { imageDigest, registry: null, repository: null, tag: null, ...image };
    return { connection, reportKey, documentDigest, ...bound, ...stated, run, proven };
  });
}

function digestsOf(
  { subjects, isBound, format }: PipelineDocument,
  query: HookRequest['query'] = {},
): readonly Digest[] {
  const asked = query['digest'];
  if (asked !== undefined) {
    if (!isDigest(asked)) throw new InvalidInput('DIGEST_INVALID', 'The digest is none such as sha256:…');
    if (isBound && !subjects.includes(asked))
      throw new InvalidInput('SUBJECT_MISMATCH', 'The document is about another digest than the request.');
    return [asked];
  }
  if (subjects.length === 0) {
    const problem =
      format === 'in-toto' ? 'The statement has no subject with a SHA-256.' : 'The document names no image.';
    throw new InvalidInput('DIGEST_MISSING', `${problem} Say which one by ?digest=sha256:…`);
  }
  if (subjects.length > maxSubjects)
    throw new InvalidInput(
      'TOO_MANY_SUBJECTS',
      `The document has over ${maxSubjects} subjects: say which by ?digest=.`,
    );
  return subjects;
}

/** Name of the image; the request takes precedence over the document. */
function imageOf({ image }: PipelineDocument, query: HookRequest['query'] = {}): BuiltImageName | null {
  const { repository, tag } = query;
  const named = repository === undefined ? image : readImageName(repository);
  if (repository !== undefined && named === null)
    throw new InvalidInput('REPOSITORY_INVALID', 'The repository is no name of one.');
  if (tag === undefined || named === null) return named;
  if (!isTag(tag)) throw new InvalidInput('TAG_INVALID', 'The tag is no name of one.');
  return { ...named, tag };
}

function mayReport({ repositories }: Reporter, image: BuiltImageName | null): boolean {
  return repositories.some((pattern) => pattern === '*' || (image && matchesWildcard(pattern, image.repository)));
}

/**
 * Merges the run: the token's claims take precedence over the sender's. `proven` lists their names,
 * so that readers can distinguish them.
 */
function mergedRun(claimed: CiRun, token: Partial<CiRun>): { run: CiRun; proven: CiRunFact[] } {
  const known = Object.entries(token).filter(([, value]) => value !== null && value !== undefined);
  const run = withoutSecrets({ ...claimed, ...Object.fromEntries(known) });
  return { run, proven: known.map(([name]) => name as CiRunFact) };
}

/** URLs of pipelines and repositories may contain a password or token. */
function withoutSecrets(run: CiRun): CiRun {
  const safe = Object.entries(run).map(([name, value]) => [
    name,
    typeof value === 'string' ? redactSecrets(value) : value,
  ]);
  return { ...run, ...Object.fromEntries(safe) };
}

function keyOf(parts: readonly (string | null | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('hex');
}
