import { Controller, Get } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { z } from 'zod';

import { Operation } from '../http/operation.js';
import { openApiDocument } from './openapi.js';

@Controller('api/v1/openapi.json')
export class OpenApiController {
  #document: object | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  @Get()
  @Operation({ role: 'gate', scope: 'rows', summary: 'This document', answer: z.record(z.string(), z.unknown()) })
  get(): Record<string, unknown> {
    this.#document ??= openApiDocument(this.discovery.getControllers().flatMap(({ metatype }) => metatype ?? []));
    return { ...this.#document };
  }
}
