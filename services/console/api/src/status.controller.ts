import { Controller, Get } from '@nestjs/common';
import { Advisories, Jobs, Pushes } from '@tidewaiter/store';
import type { z } from 'zod';

import type { statusAnswer } from './answers.js';

@Controller('api/v1/status')
export class StatusController {
  constructor(
    private readonly pushes: Pushes,
    private readonly jobs: Jobs,
    private readonly advisories: Advisories,
  ) {}

  @Get()
  async get(): Promise<z.output<typeof statusAnswer>> {
    const [pushes, queues, advisories] = await Promise.all([
      this.pushes.countByState(),
      this.jobs.backlogs(),
      this.advisories.status(),
    ]);
    return { pushes, queues, advisories };
  }
}
