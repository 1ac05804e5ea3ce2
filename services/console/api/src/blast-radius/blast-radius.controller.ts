import { Controller, Get, Query } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { BlastRadii, type BlastQuestion, type PageRequest } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { blastRadiusQuery } from './blast-radius-query.js';
import { blastContainersAnswer, blastRadiusAnswer } from './blast-radius-schemas.js';

/** Finds what holds a package, a file, a secret …, and what runs it. */
@Controller('api/v1/blast-radius')
export class BlastRadiusController {
  constructor(private readonly radii: BlastRadii) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Images that hold a package, a file, a secret …, newest push first',
    answer: blastRadiusAnswer,
  })
  async images(
    @Query({ schema: blastRadiusQuery }) query: z.output<typeof blastRadiusQuery>,
  ): Promise<z.output<typeof blastRadiusAnswer>> {
    const { question, page } = readQuestion(query);
    return this.radii.of(question, page);
  }

  @Get('containers')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Containers that run or ran a matching image',
    answer: blastContainersAnswer,
  })
  async containers(
    @Query({ schema: blastRadiusQuery }) query: z.output<typeof blastRadiusQuery>,
  ): Promise<z.output<typeof blastContainersAnswer>> {
    const { question, page } = readQuestion(query);
    return this.radii.containers(question, page);
  }
}

/** @throws InvalidInput `INPUT_INVALID` */
function readQuestion(query: z.output<typeof blastRadiusQuery>): { question: BlastQuestion; page: PageRequest } {
  const { limit, after, file, ...conditions } = query;
  const { version, purl, package: name, since, until, running: _, ...others } = conditions;
  if (purl === undefined && name === undefined && version !== undefined) {
    throw new InvalidInput('INPUT_INVALID', 'version: needs purl or package');
  }
  if ([purl, name, file, ...Object.values(others)].every((each) => each === undefined)) {
    const allowed = `vulnerability, purl, package, file, path, layer, base, secret, image, signer`;
    throw new InvalidInput('INPUT_INVALID', `expected at least one of ${allowed}`);
  }
  if (since && until && since > until) throw new InvalidInput('INPUT_INVALID', 'since: is later than until');
  return { question: { ...conditions, sha256: file?.slice('sha256:'.length) }, page: { limit, after } };
}
