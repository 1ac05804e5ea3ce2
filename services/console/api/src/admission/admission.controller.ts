import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { z } from 'zod';

import { readInput } from '../http/requests.js';
import { AdmissionService } from './admission-service.js';
import { type admissionAnswer, admissionReview, answerOf } from './admission.js';

/** Kubernetes asks here before it runs anything. @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
@Controller('admission/validate')
export class AdmissionController {
  constructor(private readonly desk: AdmissionService) {}

  @Post()
  @HttpCode(200)
  async validate(@Body() body: unknown): Promise<z.output<typeof admissionAnswer>> {
    const { request } = readInput(admissionReview, body);
    return answerOf(request.uid, await this.desk.decide(request));
  }
}
