import { Injectable } from '@nestjs/common';
import { TidewaiterError } from '@tidewaiter/domain';
import { Logger, withSpan } from '@tidewaiter/runtime';
import type { HookRequest } from '@tidewaiter/webhooks';

import type { Connection } from './connections.js';
import { HookMetrics, resultOfError } from './hook-metrics.js';

/** Wraps the answer of every hook: continues the sender's trace, and counts and logs refusals. */
@Injectable()
export class HookAnswers {
  constructor(
    private readonly metrics: HookMetrics,
    private readonly logger: Logger,
  ) {}

  async to<Answer>(
    connection: Pick<Connection, 'id' | 'kind'> | undefined,
    { headers }: HookRequest,
    answer: () => Promise<Answer>,
  ): Promise<Answer> {
    return withSpan('webhook', { kind: 'server', traceparent: headers['traceparent'] }, async () => {
      try {
        return await answer();
      } catch (error) {
        this.metrics.count(connection, resultOfError(error));
        if (connection && error instanceof TidewaiterError) {
          this.logger.warn({ connection: connection.id, code: error.code }, 'webhook refused');
        }
        throw error;
      }
    });
  }
}
