import { Controller, Get } from '@nestjs/common';
import { Storage } from '@tidewaiter/store';
import type { z } from 'zod';

import { ConsoleConfig } from '../config.js';
import { Operation } from '../http/operation.js';
import { storageAnswer } from './storage-schemas.js';

@Controller('api/v1/storage')
export class StorageController {
  constructor(
    private readonly config: ConsoleConfig,
    private readonly storage: Storage,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Size of each table, its retention, and what the next run deletes',
    answer: storageAnswer,
  })
  async get(): Promise<z.output<typeof storageAnswer>> {
    const tables = await this.storage.tables(this.config);
    return { bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0), tables };
  }
}
