import { Controller, Get, Query } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { BlastRadii } from '@tidewaiter/store';
import type { z } from 'zod';

import type { blastRadiusAnswer } from './answers.js';
import { blastRadiusQuery, readInput } from './requests.js';

/** Where a vulnerability or a package is, in the images that tags point to. */
@Controller('api/v1/blast-radius')
export class BlastRadiusController {
  constructor(private readonly radii: BlastRadii) {}

  @Get()
  async of(@Query() query: unknown): Promise<z.output<typeof blastRadiusAnswer>> {
    const { vulnerability, purl, ...page } = readInput(blastRadiusQuery, query);
    if (vulnerability !== undefined && purl === undefined) return this.radii.of({ vulnerability }, page);
    if (purl !== undefined && vulnerability === undefined) return this.radii.of({ purl }, page);
    throw new InvalidInput('INPUT_INVALID', 'ask for either vulnerability or purl');
  }
}
