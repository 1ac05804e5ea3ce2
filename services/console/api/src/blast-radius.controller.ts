import { Controller, Get, Query } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { BlastRadii, type BlastQuestion } from '@tidewaiter/store';
import type { z } from 'zod';

import type { blastRadiusAnswer } from './answers.js';
import { blastRadiusQuery, readInput } from './requests.js';

/** Where a vulnerability, a package or a file is, in the images that tags point to. */
@Controller('api/v1/blast-radius')
export class BlastRadiusController {
  constructor(private readonly radii: BlastRadii) {}

  @Get()
  async of(@Query() query: unknown): Promise<z.output<typeof blastRadiusAnswer>> {
    const { vulnerability, purl, file, ...page } = readInput(blastRadiusQuery, query);
    const asked: BlastQuestion[] = [
      ...(vulnerability === undefined ? [] : [{ vulnerability }]),
      ...(purl === undefined ? [] : [{ purl }]),
      ...(file === undefined ? [] : [{ sha256: file.slice('sha256:'.length) }]),
    ];
    if (asked.length !== 1) throw new InvalidInput('INPUT_INVALID', 'ask for one of vulnerability, purl and file');
    return this.radii.of(asked[0]!, page);
  }
}
