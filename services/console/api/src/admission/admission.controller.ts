import { Body, Controller, Post } from '@nestjs/common';
import type { ApiCaller } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { AdmissionService } from './admission-service.js';
import { admissionAnswer, admissionReview, answerOf } from './admission.js';

/**
 * Kubernetes asks here before it runs anything.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
@Controller('admission/validate')
export class AdmissionController {
  constructor(private readonly desk: AdmissionService) {}

  @Post()
  @Operation({
    role: 'gate',
    scope: 'rows',
    mayBeOpen: true,
    summary: 'Answers an AdmissionReview of Kubernetes by the stored verdicts of its images',
    answer: admissionAnswer,
  })
  async validate(
    @Body({ schema: admissionReview }) { request }: z.output<typeof admissionReview>,
    @Caller() caller: ApiCaller | undefined,
  ): Promise<z.output<typeof admissionAnswer>> {
    return answerOf(request.uid, await this.desk.decide(request, caller?.scopes != null));
  }
}
