import { Body, Controller, Post } from '@nestjs/common';
import { buildTime, countFindings, type FindingChanges, findingChanges } from '@tidewaiter/domain';
import { gateVerdict, readThreshold } from '@tidewaiter/policy';
import { type ImageFinding, Images, type Push, Verdicts } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { gateBody, gateAnswer } from './gate-schemas.js';
import { type StoredVerdict, StoredVerdicts } from './stored-verdicts.js';

/** The gate of a pipeline, by what is stored of an image. */
@Controller('api/v1/gate')
export class GateController {
  constructor(
    private readonly verdicts: StoredVerdicts,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
  ) {}

  @Post()
  @Operation({
    role: 'gate',
    scope: 'rows',
    summary: 'Decides by stored data whether an image passes, with the reasons',
    answer: gateAnswer,
  })
  async gate(
    @Body({ schema: gateBody }) { image, failOn, onIncomplete, ...asked }: z.output<typeof gateBody>,
  ): Promise<z.output<typeof gateAnswer>> {
    const { push, images, evaluation } = await this.verdicts.of(image, { onIncomplete });
    const against = asked.against ?? baselineOf(push);
    const { findings, suppressed, policies, warnings } = evaluation;
    const before = against === undefined ? null : await this.verdicts.of(against);
    const changes = before ? await this.#changes(before, findings) : firstChanges(findings, failOn);
    const threshold = failOn === undefined ? undefined : readThreshold(failOn)!;
    return {
      image,
      digest: push.digest,
      against: against ?? null,
      failOn: failOn ?? null,
      pushId: push.id,
      storedVerdict: push.verdict,
      // Without a threshold, the same rule as that of every push.
      ...(threshold
        ? gateVerdict({ findings, warnings, changes, policies }, threshold, evaluation.onIncomplete)
        : evaluation.verdict),
      changes,
      findings,
      counts: countFindings(findings),
      suppressed,
      policies,
      warnings,
      advisorySources: (await this.evaluations.datesOf(images)).advisorySources,
    };
  }

  async #changes(
    { images, evaluation: { findings } }: StoredVerdict,
    after: readonly ImageFinding[],
  ): Promise<FindingChanges<ImageFinding>> {
    const packages = (await Promise.all(images.map(({ digest }) => this.images.packages(digest)))).flat();
    const times = images.map(({ createdAt }) => buildTime(createdAt?.toISOString()));
    const [earliest = null] = times.toSorted((a, b) => Number(a) - Number(b));
    return findingChanges({ findings, packages, createdAt: times.includes(null) ? null : earliest }, after);
  }
}

/**
 * Reference to the baseline of a push, by its digest: its tag may point to something else by now.
 */
function baselineOf({ registryHost, connection, repository, comparedWith }: Push): string | undefined {
  return comparedWith === null ? undefined : `${registryHost ?? connection}/${repository}@${comparedWith.digest}`;
}

/** Counts every finding as new for an image without a baseline. */
function firstChanges(
  findings: readonly ImageFinding[],
  failOn: string | undefined,
): FindingChanges<ImageFinding> | null {
  if (!failOn?.startsWith('new:')) return null;
  return findingChanges({ findings: [], packages: [], createdAt: null }, findings);
}
