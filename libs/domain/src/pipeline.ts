import { attestationKinds } from './provenance.js';

/**
 * Reports that a pipeline may send about an image: the run that built it, or a document from it.
 */
export const pipelineReportKinds = ['run', ...attestationKinds] as const;

export type PipelineReportKind = (typeof pipelineReportKinds)[number];

/** Run of a pipeline, as far as known. */
export interface CiRun {
  /** Web page of the run. */
  url: string | null;
  id: string | null;
  attempt: string | null;
  workflow: string | null;
  /** User or account that triggered the run. */
  actor: string | null;
  /** Repository of the sources: `https://git.example.com/shop/app`. */
  source: string | null;
  revision: string | null;
  /** `refs/heads/main`. */
  ref: string | null;
  /** ISO 8601. */
  startedAt: string | null;
  finishedAt: string | null;
}

export type CiRunFact = keyof CiRun;

export const unknownRun: CiRun = {
  url: null,
  id: null,
  attempt: null,
  workflow: null,
  actor: null,
  source: null,
  revision: null,
  ref: null,
  startedAt: null,
  finishedAt: null,
};
