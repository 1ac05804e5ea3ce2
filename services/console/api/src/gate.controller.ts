import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { buildTime, countFindings, type FindingChanges, findingChanges } from '@tidewaiter/domain';
import { gateVerdict, readThreshold } from '@tidewaiter/policy';
import { type ImageFinding, Images } from '@tidewaiter/store';
import type { z } from 'zod';

import type { gateAnswer } from './answers.js';
import { gateBody, readInput } from './requests.js';
import { type StoredVerdict, StoredVerdicts } from './stored-verdicts.js';

/** The gate of a pipeline, by what is stored of an image. */
@Controller('api/v1/gate')
export class GateController {
  constructor(
    private readonly verdicts: StoredVerdicts,
    private readonly images: Images,
  ) {}

  @Post()
  @HttpCode(200)
  async gate(@Body() body: unknown): Promise<z.output<typeof gateAnswer>> {
    const { image, against, failOn } = readInput(gateBody, body);
    const { push, judgement } = await this.verdicts.of(image);
    const { findings, suppressed, policies, warnings } = judgement;
    const changes = against === undefined ? null : await this.#changes(await this.verdicts.of(against), findings);
    const threshold = failOn === undefined ? undefined : readThreshold(failOn)!;
    return {
      image,
      digest: push.digest,
      against: against ?? null,
      failOn: failOn ?? null,
      pushId: push.id,
      storedVerdict: push.verdict,
      // Without a threshold, the same rule as that of every push.
      ...(threshold ? gateVerdict({ findings, warnings, changes, policies }, threshold) : judgement.verdict),
      changes,
      findings,
      counts: countFindings(findings),
      suppressed,
      policies,
      warnings,
    };
  }

  async #changes(
    { images, judgement: { findings } }: StoredVerdict,
    after: readonly ImageFinding[],
  ): Promise<FindingChanges<ImageFinding>> {
    const packages = (await Promise.all(images.map(({ digest }) => this.images.packages(digest)))).flat();
    const times = images.map(({ createdAt }) => buildTime(createdAt?.toISOString()));
    const [earliest = null] = times.toSorted((a, b) => Number(a) - Number(b));
    return findingChanges({ findings, packages, createdAt: times.includes(null) ? null : earliest }, after);
  }
}
