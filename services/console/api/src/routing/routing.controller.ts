import { Body, Controller, Post } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';
import { parseUnreadRouting } from '@tidewaiter/receivers';
import { RoutingReplays } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { replayAnswer, replayBody } from './replay-schemas.js';

/** Replays of a routing.yaml before it is used. */
@Controller('api/v1/routes')
export class RoutesController {
  #isBusy = false;

  constructor(private readonly replays: RoutingReplays) {}

  /** Runs one replay at a time, because each reads weeks of events. */
  @Post('replay')
  @Operation({
    role: 'viewer',
    summary: 'Replays past events against a routing.yaml; nothing is sent',
    answer: replayAnswer,
  })
  async replay(
    @Body({ schema: replayBody }) body: z.output<typeof replayBody>,
  ): Promise<z.output<typeof replayAnswer>> {
    const { routing, since, until, receiver = null } = body;
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
