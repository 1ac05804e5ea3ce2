import type { Attestation } from '@tidewaiter/domain';
import type { PipelineReport } from '@tidewaiter/store';
import type { z } from 'zod';

import type { imagesAnswer } from './image-schemas.js';

type PipelineAnswer = z.output<typeof imagesAnswer>['pipeline'];

interface Vouched {
  provenance: readonly { attestations: readonly Attestation[] }[];
}

/**
 * Pipeline documents of an image, newest first, with the verification of signed ones; null without
 * any.
 */
export function pipelineAnswer(reports: readonly PipelineReport[], images: readonly Vouched[]): PipelineAnswer {
  if (reports.length === 0) return null;
  const attestations = images.flatMap(({ provenance }) => provenance.flatMap((each) => each.attestations));
  const vouched = new Set(attestations.filter(({ verified }) => verified).map(({ artifact }) => artifact));
  const shown = reports.map((report) => ({
    ...report,
    proven: [...report.proven],
    verified: vouched.has(report.documentDigest),
  }));
  return { run: runOf(reports), reports: shown };
}

/** Newest run that a token proves, else the newest claimed one. */
function runOf(reports: readonly PipelineReport[]): NonNullable<PipelineAnswer>['run'] {
  const runs = reports.filter(({ run }) => run !== null);
  const best = runs.find(({ proven }) => proven.length > 0) ?? runs.find(({ kind }) => kind === 'run') ?? runs[0];
  if (!best?.run) return null;
  const { run, connection, proven, receivedAt } = best;
  return { ...run, connection, proven: [...proven], receivedAt };
}
