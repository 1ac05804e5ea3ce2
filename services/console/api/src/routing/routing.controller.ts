import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';
import { parseUnreadRouting } from '@tidewaiter/routing';
import { RoutingReplays } from '@tidewaiter/store';
import type { z } from 'zod';

import { readInput } from '../http/requests.js';
import { type replayAnswer, replayBody } from './replay-schemas.js';

/** Tries a routing.yaml before it is used. */
@Controller('api/v1/routes')
export class RoutesController {
  #isBusy = false;

  constructor(private readonly replays: RoutingReplays) {}

  /** One after the other: each goes through everything of weeks. */
  @Post('replay')
  @HttpCode(200)
  async replay(@Body() body: unknown): Promise<z.output<typeof replayAnswer>> {
    const { routing, since, until, receiver = null } = readInput(replayBody, body);
    const config = parseUnreadRouting(routing);
    if (this.#isBusy) throw new Unavailable('REPLAY_BUSY', 'another replay is under way', { retryAfterMs: 5_000 });
    this.#isBusy = true;
    try {
      return await this.replays.of(config, { since, until, receiver });
    } finally {
      this.#isBusy = false;
    }
  }
}
