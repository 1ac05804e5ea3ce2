import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { TidewaiterError } from '@tidewaiter/domain';
import { Every, Logger } from '@tidewaiter/runtime';
import { type Act, type AuditAction, AuditLog } from '@tidewaiter/store';
import type { FastifyRequest } from 'fastify';

const windowMs = 60_000;

interface Repetition {
  act: Act;
  /** Attempts that have no entry yet. */
  attempts: number;
}

/**
 * Refused sign-ins in the audit log. The first of an address is recorded at once, its repetitions
 * within a minute in one entry with their number, so that an attacker cannot fill the log.
 */
@Injectable()
export class RefusedSignIns implements BeforeApplicationShutdown {
  readonly #repetitions = new Map<string, Repetition>();

  constructor(
    private readonly log: AuditLog,
    private readonly logger: Logger,
  ) {}

  /** Records an attempt. The caller gets the refusal also where the log cannot be written. */
  async add({ ip, method, url }: FastifyRequest, action: AuditAction, error: TidewaiterError): Promise<void> {
    const route = `${method} ${new URL(url, 'http://localhost').pathname}`;
    const key = JSON.stringify([ip, route, error.code, error.message]);
    const known = this.#repetitions.get(key);
    if (known) {
      known.attempts += 1;
      return;
    }
    const act: Act = {
      ...{ actor: 'anonymous', action, address: ip },
      request: { route, code: error.code, reason: error.message },
    };
    this.#repetitions.set(key, { act, attempts: 0 });
    await this.#write(act, 1);
  }

  @Every(windowMs)
  async flush(): Promise<void> {
    const repetitions = [...this.#repetitions.values()];
    this.#repetitions.clear();
    for (const { act, attempts } of repetitions) if (attempts > 0) await this.#write(act, attempts);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  async #write(act: Act, attempts: number): Promise<void> {
    try {
      await this.log.addRefused({ ...act, request: { ...act.request, attempts } }, 'console');
    } catch (err) {
      this.logger.error({ err, action: act.action }, 'audit entry not written');
    }
  }
}
