import { Module } from '@nestjs/common';

import { ApiTokens } from './api-tokens.js';

const repositories = [ApiTokens];

/** API tokens. */
@Module({ providers: repositories, exports: repositories })
export class AccessModule {}
