import { Body, Controller, Param, Post } from '@nestjs/common';
import { type ApiCaller, Store } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { nameParameter } from '../entries/entry-schemas.js';
import { Operation } from '../http/operation.js';
import { registryCheck, registryCheckAnswer, storedRegistryCheck } from './registry-check-schemas.js';
import { RegistryChecks } from './registry-checks.js';

/** Checks of connections to registries, beside the methods that all kinds of entries have. */
@Controller('api/v1/registries')
export class RegistryChecksController {
  constructor(
    private readonly checks: RegistryChecks,
    private readonly store: Store,
  ) {}

  @Post('check')
  @Operation({
    role: 'maintainer',
    action: 'registry.checked',
    hasSecretBody: true,
    summary: 'Connects to a registry before it is saved',
    answer: registryCheckAnswer,
  })
  async checkDocument(
    @Body({ schema: registryCheck }) { document, repository }: z.output<typeof registryCheck>,
    @Caller() { name }: ApiCaller,
  ): Promise<z.output<typeof registryCheckAnswer>> {
    return this.#recorded(await this.checks.ofDocument(document, name, repository));
  }

  @Post(':name/check')
  @Operation({
    role: 'maintainer',
    action: 'registry.checked',
    summary: 'Connects to a registry, signs in, and lists repositories and tags',
    answer: registryCheckAnswer,
  })
  async checkStored(
    @Param('name', { schema: nameParameter }) name: string,
    @Body({ schema: storedRegistryCheck }) { repository }: z.output<typeof storedRegistryCheck>,
  ): Promise<z.output<typeof registryCheckAnswer>> {
    return this.#recorded(await this.checks.ofStored(name, repository));
  }

  /** A check changes nothing, but uses the credentials. */
  async #recorded(answer: z.output<typeof registryCheckAnswer>): Promise<z.output<typeof registryCheckAnswer>> {
    const { name, isUsable, text } = answer;
    await this.store.transaction(async (tx) => tx.record({ subject: name, before: null, after: { isUsable, text } }));
    return answer;
  }
}
