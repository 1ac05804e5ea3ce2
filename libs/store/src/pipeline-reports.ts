import { Injectable } from '@nestjs/common';
import type { CiRun, CiRunFact, Digest, PipelineReportKind } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import type { RepositoryPlace } from './pushes.js';
import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

/** What one document says of one image. */
export interface NewPipelineReport {
  /** Name of the pipeline's connection. */
  connection: string;
  /** The same when the same is told again. */
  reportKey: string;
  imageDigest: Digest;
  documentDigest: Digest;
  mediaType: string;
  /** The document, byte for byte. */
  content: Buffer;
  kind: PipelineReportKind;
  format: string;
  version: string | null;
  registry: string | null;
  repository: string | null;
  tag: string | null;
  run: CiRun;
  /** Facts of the run that a token of its CI says; the others are claims. */
  proven: readonly CiRunFact[];
  packages: number | null;
  builder: string | null;
}

export interface PipelineReport extends Omit<NewPipelineReport, 'reportKey' | 'mediaType' | 'content' | 'run'> {
  id: string;
  /** Null where nothing is said of one. */
  run: CiRun | null;
  receivedAt: Date;
}

/** A statement that a pipeline sent, to be verified as if it lay beside the image. */
export interface SentAttestation {
  imageDigest: Digest;
  /** Of the document. */
  manifest: Digest;
  mediaType: string;
  content: Buffer;
}

/** The best that is known of how a push came to be. */
export interface ReportedRun {
  connection: string;
  run: CiRun;
  proven: readonly CiRunFact[];
  receivedAt: Date;
}

const columns = `id, connection, image_digest AS "imageDigest", document_digest AS "documentDigest", kind, format, version, registry,
  repository, tag, run, proven, packages, builder, received_at AS "receivedAt"`;

/** Reports of one image that are looked at: a digest may be told of by every nightly run. */
const maxReports = 200;
/** Statements of one image that are verified, and their bytes: they are held meanwhile. */
const maxAttestations = 32;
const maxAttestationBytes = 32 * 2 ** 20;

/** What pipelines told of the images that they built, before or after the images came. */
@Injectable()
export class PipelineReports {
  constructor(private readonly store: Store) {}

  /** Keeps reports; answers those that nobody has told before. */
  async add(tx: Transaction, reports: readonly NewPipelineReport[]): Promise<PipelineReport[]> {
    const documents = new Map(reports.map((report) => [report.documentDigest, report]));
    // In one order, so that two transactions with the same documents wait for each other and cannot deadlock.
    for (const [digest, { mediaType, content }] of [...documents].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      await tx.query(
        'INSERT INTO pipeline_document (digest, media_type, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [digest, mediaType, content],
      );
    }
    const rows = reports
      .map(({ content: _, mediaType: __, run, ...report }) => ({
        ...report,
        id: uuidv7(),
        run: isKnown(run) ? run : null,
      }))
      .toSorted((a, b) => (a.reportKey < b.reportKey ? -1 : 1));
    return tx.query<PipelineReport>(
      `INSERT INTO pipeline_report (id, connection, report_key, image_digest, document_digest, kind, format, version, registry, repository,
         tag, run, proven, packages, builder)
       SELECT id, connection, "reportKey", "imageDigest", "documentDigest", kind, format, version, registry, repository, tag, run, proven,
         packages, builder
       FROM jsonb_to_recordset($1) AS row (id uuid, connection text, "reportKey" text, "imageDigest" text, "documentDigest" text, kind text,
         format text, version text, registry text, repository text, tag text, run jsonb, proven text[], packages int, builder text)
       ON CONFLICT (connection, report_key) DO NOTHING RETURNING ${columns}`,
      [json(rows)],
    );
  }

  /** What was told of an image, of the images of an index, and of the indexes that hold the image; newest first. */
  async of(digest: Digest): Promise<PipelineReport[]> {
    return this.store.query<PipelineReport>(
      `SELECT ${columns} FROM pipeline_report WHERE image_digest IN (
         SELECT $1
         UNION SELECT push_image.image_digest FROM push JOIN push_image ON push_id = push.id WHERE push.digest = $1
         UNION SELECT push.digest FROM push_image JOIN push ON push.id = push_id WHERE push_image.image_digest = $1)
       ORDER BY received_at DESC, id DESC LIMIT ${maxReports}`,
      [digest],
    );
  }

  /**
   * The run that a push came from: one that a token proves before one that is claimed, one for its tag before others, what a
   * pipeline says of its run before what it says of a build, then the newest. Null where nobody told of one.
   */
  async runOf(pushId: string): Promise<ReportedRun | null> {
    const [best] = await this.store.query<ReportedRun>(
      `SELECT report.connection, run, proven, report.received_at AS "receivedAt"
       FROM push JOIN pipeline_report AS report ON report.image_digest = push.digest
         OR report.image_digest IN (SELECT image_digest FROM push_image WHERE push_id = push.id)
       WHERE push.id = $1 AND run IS NOT NULL AND coalesce(report.repository, push.repository) = push.repository
       ORDER BY cardinality(proven) > 0 DESC, report.tag IS NOT DISTINCT FROM push.tag DESC, kind = 'run' DESC, report.received_at DESC
       LIMIT 1`,
      [pushId],
    );
    return best ?? null;
  }

  /** The revision of the sources of an image of a repository, as the token of the newest run proves it; null where none does. */
  async provenRevision(
    { repository }: Pick<RepositoryPlace, 'repository'>,
    digests: readonly Digest[],
  ): Promise<string | null> {
    const [newest] = await this.store.query<{ revision: string }>(
      `SELECT run ->> 'revision' AS revision FROM pipeline_report
       WHERE image_digest = ANY($1) AND 'revision' = ANY(proven) AND coalesce(repository, $2) = $2
       ORDER BY received_at DESC, id DESC LIMIT 1`,
      [digests, repository],
    );
    return newest?.revision ?? null;
  }

  /** The newest statements about images of a repository. */
  async attestations(
    { repository }: Pick<RepositoryPlace, 'repository'>,
    digests: readonly Digest[],
  ): Promise<SentAttestation[]> {
    return this.store.query<SentAttestation>(
      `SELECT "imageDigest", manifest, "mediaType", content FROM (
         SELECT image_digest AS "imageDigest", document.digest AS manifest, document.media_type AS "mediaType", content,
           sum(octet_length(content)) OVER (ORDER BY newest DESC, document.digest) AS bytes
         FROM (
           SELECT image_digest, document_digest, max(received_at) AS newest FROM pipeline_report
           WHERE image_digest = ANY($1) AND format = 'in-toto' AND coalesce(repository, $2) = $2
           GROUP BY image_digest, document_digest ORDER BY newest DESC LIMIT ${maxAttestations}
         ) AS told JOIN pipeline_document AS document ON document.digest = document_digest
       ) AS sent WHERE bytes <= ${maxAttestationBytes}`,
      [digests, repository],
    );
  }
}

function isKnown(run: CiRun): boolean {
  return Object.values(run).some((value) => value !== null);
}
