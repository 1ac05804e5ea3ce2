import { Injectable } from '@nestjs/common';
import type { CiRun, CiRunFact, Digest, PipelineReportKind } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { json } from '../../core/storable.js';
import { Store, type Transaction } from '../../core/store.js';
import type { RepositoryPlace } from './pushes.js';

/** Report of one document about one image. */
export interface NewPipelineReport {
  /** Name of the pipeline's connection. */
  connection: string;
  /** Idempotency key: equal for a repeated report. */
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
  /** Facts of the run that a CI token proves; the others are claims. */
  proven: readonly CiRunFact[];
  packages: number | null;
  builder: string | null;
}

export interface PipelineReport extends Omit<NewPipelineReport, 'reportKey' | 'mediaType' | 'content' | 'run'> {
  id: string;
  /** Null if the report names none. */
  run: CiRun | null;
  receivedAt: Date;
}

/** A statement that a pipeline sent, to be verified like an attestation in the registry. */
export interface SentAttestation {
  imageDigest: Digest;
  /** Digest of the document. */
  manifest: Digest;
  mediaType: string;
  content: Buffer;
}

/** Most reliable known CI run of a push. */
export interface ReportedRun {
  connection: string;
  run: CiRun;
  proven: readonly CiRunFact[];
  receivedAt: Date;
}

const columns = `id, connection, image_digest AS "imageDigest", document_digest AS "documentDigest", kind, format, version, registry,
  repository, tag, run, proven, packages, builder, received_at AS "receivedAt"`;

/** Limit on the reports of one image, as every nightly run may report the same digest. */
const maxReports = 200;
/** Limits on the verified statements of one image and on their bytes, which are held in memory. */
const maxAttestations = 32;
const maxAttestationBytes = 32 * 2 ** 20;

/** Reports of pipelines about images, received before or after the push. */
@Injectable()
export class PipelineReports {
  constructor(private readonly store: Store) {}

  /** Adds reports; returns the new ones. */
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

  /** Reports about an image, about the images of an index, and about the indexes that hold the image; newest first. */
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
   * Run that a push came from. Prefers a run proven by a token, then one for its tag, then a run
   * report over other kinds, then the newest. Null if none was reported.
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

  /**
   * Revision of the sources of an image in a repository, as proven by the CI token of the newest
   * run; null without one.
   */
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

  /** Newest in-toto statements about images of a repository. */
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
