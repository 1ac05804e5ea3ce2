import { Injectable } from '@nestjs/common';
import type { CiRun, Digest } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { recordsetOf, valuesOf } from '../../core/row-sets.js';
import { Store, type Transaction } from '../../core/store.js';
import { PipelineDocumentRow, PipelineReportRow } from './pipeline-rows.js';
import type { RepositoryPlace } from './pushes.js';

const columns = columnsOf(PipelineReportRow, { omit: ['reportKey'] });

export type PipelineReport = RowOf<typeof columns>;

/** Report of one document about one image; `reportKey` is equal for a repeated report. */
export interface NewPipelineReport extends Omit<PipelineReportRow, 'id' | 'run' | 'document' | 'receivedAt'> {
  mediaType: string;
  /** The document, byte for byte. */
  content: Buffer;
  run: CiRun;
}

const newReports = recordsetOf(PipelineReportRow, [
  'id',
  'connection',
  'reportKey',
  'imageDigest',
  'documentDigest',
  'kind',
  'format',
  'version',
  'registry',
  'repository',
  'tag',
  'run',
  'proven',
  'packages',
  'builder',
]);
const newDocument = valuesOf(PipelineDocumentRow, ['digest', 'mediaType', 'content']);

const attestationColumns = columnsOf(PipelineReportRow, { of: 'report', only: ['imageDigest'] })
  .and(columnsOf(PipelineDocumentRow, { of: 'document', only: ['mediaType', 'content'] }))
  .computed<{
    /** Digest of the document. */
    manifest: Digest;
  }>({ manifest: 'document.digest' });

/** A statement that a pipeline sent, to be verified like an attestation in the registry. */
export type SentAttestation = RowOf<typeof attestationColumns>;

const documentColumns = columnsOf(PipelineDocumentRow, { of: 'document', only: ['digest', 'content'] });

const runColumns = columnsOf(PipelineReportRow, {
  of: 'report',
  only: ['connection', 'run', 'proven', 'receivedAt'],
}).notNull('run');

/** Most reliable known CI run of a push. */
export type ReportedRun = RowOf<typeof runColumns>;

/** Limit on the reports of one image, as every nightly run may report the same digest. */
const maxReports = 200;
/** Limits on the verified statements of one image and on their bytes, which are held in memory. */
const maxAttestations = 32;
const maxAttestationBytes = 32 * 2 ** 20;
const maxSbomBytes = 64 * 2 ** 20;

/** Reports of pipelines about images, received before or after the push. */
@Injectable()
export class PipelineReports {
  constructor(private readonly store: Store) {}

  /** Adds reports; returns the new ones. */
  async add(tx: Transaction, reports: readonly NewPipelineReport[]): Promise<PipelineReport[]> {
    const documents = new Map(reports.map((report) => [report.documentDigest, report]));
    // In one order, so that two transactions with the same documents wait for each other and cannot
    // deadlock.
    for (const [digest, { mediaType, content }] of [...documents].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      await tx.query(
        // Locks a known document: it goes with its last report, which may expire right now.
        `INSERT INTO pipeline_document AS known (${newDocument.columns}) VALUES (${newDocument.values})
         ON CONFLICT (digest) DO UPDATE SET media_type = known.media_type`,
        newDocument.parameters({ digest, mediaType, content }),
      );
    }
    const rows = reports
      .map(({ content: _, mediaType: __, run, ...report }) => ({
        ...report,
        id: uuidv7(),
        run: isKnown(run) ? run : null,
      }))
      .toSorted((a, b) => (a.reportKey < b.reportKey ? -1 : 1));
    return tx.returning(
      columns,
      `INSERT INTO pipeline_report (${newReports.columns}) SELECT ${newReports.values} FROM ${newReports.table}
       ON CONFLICT (connection, report_key) DO NOTHING`,
      newReports.parameters(rows),
    );
  }

  /**
   * Reports about an image, about the images of an index, and about the indexes that hold the
   * image; newest first.
   */
  async of(digest: Digest): Promise<PipelineReport[]> {
    return this.store.rows(
      columns,
      `FROM pipeline_report WHERE image_digest IN (
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
    const [best] = await this.store.rows(
      runColumns,
      `FROM push JOIN pipeline_report AS report ON report.image_digest = push.digest
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
    const [newest] = await this.store.aggregate<{ revision: string }>(
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
    return this.store.rows(
      attestationColumns,
      `FROM (
         SELECT image_digest, document_digest, sum(octet_length(content)) OVER (ORDER BY newest DESC, document_digest) AS bytes
         FROM (
           SELECT image_digest, document_digest, max(received_at) AS newest FROM pipeline_report
           WHERE image_digest = ANY($1) AND format = 'in-toto' AND coalesce(repository, $2) = $2
           GROUP BY image_digest, document_digest ORDER BY newest DESC LIMIT ${maxAttestations}
         ) AS reported JOIN pipeline_document ON digest = document_digest
       ) AS report JOIN pipeline_document AS document ON document.digest = document_digest
       WHERE bytes <= ${maxAttestationBytes}`,
      [digests, repository],
    );
  }

  /**
   * Newest SBOM of one image, without those in statements; null without one. An SBOM of an index
   * may be that of any of its images, so it is none of theirs.
   */
  async sbom(
    { repository }: Pick<RepositoryPlace, 'repository'>,
    digest: Digest,
  ): Promise<RowOf<typeof documentColumns> | null> {
    const [newest] = await this.store.rows(
      documentColumns,
      `FROM pipeline_report AS report JOIN pipeline_document AS document ON document.digest = document_digest
       WHERE image_digest = $1 AND kind = 'sbom' AND format <> 'in-toto' AND coalesce(repository, $2) = $2
         AND octet_length(content) <= ${maxSbomBytes}
       ORDER BY received_at DESC, id DESC LIMIT 1`,
      [digest, repository],
    );
    return newest ?? null;
  }
}

function isKnown(run: CiRun): boolean {
  return Object.values(run).some((value) => value !== null);
}
