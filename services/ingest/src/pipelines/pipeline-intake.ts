import { Injectable } from '@nestjs/common';
import { draft, type Draft, pipelineReported } from '@tidewaiter/events';
import { failpoint } from '@tidewaiter/runtime';
import { GroupCommit, type NewPipelineReport, type PipelineReport, PipelineReports, Store } from '@tidewaiter/store';

import type { IntakeResult } from '../http/receipt.js';

/** Reports of one request. */
export interface Upload {
  reports: readonly NewPipelineReport[];
  sizeBytes: number;
  traceparent: string | undefined;
}

/** Documents are large and few: each is committed alone, and what waits is bounded. */
const limits = { concurrency: 2, batchBytes: 1, waitingBytes: 64 * 2 ** 20, timeoutMs: 5_000 };

/** Stores pipelines' documents and the claims in them, and emits their events. Each report once. */
@Injectable()
export class PipelineIntake {
  readonly #commits = new GroupCommit(
    async (uploads: readonly Upload[]) => Promise.all(uploads.map(async (upload) => this.save(upload))),
    limits,
  );

  constructor(
    private readonly store: Store,
    private readonly reports: PipelineReports,
  ) {}

  /** Resolves when everything is committed. @throws Unavailable when it cannot be stored now */
  async keep(upload: Upload): Promise<IntakeResult> {
    const result = await this.#commits.add(upload, upload.sizeBytes);
    failpoint('pipelines.stored');
    return result;
  }

  /** Stores one in a transaction. @throws Unavailable `STORE_UNAVAILABLE` */
  async save({ reports, traceparent }: Upload): Promise<IntakeResult> {
    return this.store.transaction(async (tx) => {
      const fresh = await this.reports.add(tx, reports);
      await tx.emit(...fresh.map((report) => ({ ...reportedDraft(report), traceparent })));
      return { accepted: fresh.length, duplicates: reports.length - fresh.length };
    });
  }
}

function reportedDraft({ id, run, proven, ...report }: PipelineReport): Draft {
  const { connection, kind, imageDigest: digest, repository, tag } = report;
  const revision = proven.includes('revision') ? (run?.revision ?? null) : null;
  return draft(pipelineReported, digest, { reportId: id, connection, kind, digest, repository, tag, revision });
}
