import { Controller, Get, Param, Query } from '@nestjs/common';
import { vexStatuses } from '@tidewaiter/policy';
import { type ApiCaller, VexStatements } from '@tidewaiter/store';
import { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { count, text, time } from '../http/fields.js';
import { Operation } from '../http/operation.js';
import { listOf, pageQuery } from '../http/paging.js';
import { vulnerabilityParameter } from './vulnerability-schemas.js';

const vexAnswer = listOf(
  z.object({
    status: z.enum(vexStatuses),
    /** Code of VEX: `vulnerable_code_not_present`. */
    justification: text,
    reason: text,
    author: text,
    /** File of the settings, or the attestation with its signer. */
    source: z.string(),
    /** Null if the document has no time. */
    at: time.nullable(),
    /** Products as the document names them, at most 50. */
    products: z.array(z.string()),
    moreProducts: count,
    /** Image to which a signer attached the document; null of a document of the settings. */
    image: z.object({ repository: z.string(), digest: z.string() }).nullable(),
  }),
);

const vexQuery = pageQuery.extend({ after: z.string().max(1_500).optional() });

/** Statements of VEX documents. */
@Controller('api/v1/vulnerabilities')
export class VexController {
  constructor(private readonly statements: VexStatements) {}

  /**
   * Returns what VEX documents state about a vulnerability: those of the settings first, then those
   * of images, newest first. Documents of the settings may name products outside of the limits of a
   * caller, who gets attached ones alone.
   */
  @Get(':id/vex')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Statements of VEX documents about a vulnerability',
    answer: vexAnswer,
  })
  async about(
    @Param('id', { schema: vulnerabilityParameter }) id: string,
    @Query({ schema: vexQuery }) page: z.output<typeof vexQuery>,
    @Caller() { scopes }: ApiCaller,
  ): Promise<z.output<typeof vexAnswer>> {
    return this.statements.about(id, page, scopes === null);
  }
}
