import { setTimeout as sleep } from 'node:timers/promises';

import { Controller, Get, Global, Header, HttpCode, Injectable, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Registry } from 'prom-client';

import { ConfigState } from './config-state.js';
import { Every } from './every.js';
import { Logger } from './logger.js';
import { reasonOf } from './reason.js';

/** Returns undefined when all is well, else the problem. */
export type ReadinessCheck = () => Promise<string | undefined>;

const checkTimeoutMs = 2_000;
const watchEveryMs = 1_500;

/**
 * Collects what a service needs to be ready. Adapters add their own check; a hanging check counts
 * as failed.
 */
@Injectable()
export class Health {
  readonly #checks = new Map<string, ReadinessCheck>();
  #logged = '{}';

  constructor(private readonly log: Logger) {}

  add(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /**
   * Whether a check returns, even with a problem; false if it throws or hangs, true if no such
   * check is registered.
   */
  async isReachable(name: string): Promise<boolean> {
    const check = this.#checks.get(name);
    if (!check) return true;
    const answered = check().then(
      () => true,
      () => false,
    );
    return Promise.race([answered, sleep(checkTimeoutMs, false, { ref: false })]);
  }

  /** Logs when the service stops being ready, and when it is ready again. */
  @Every(watchEveryMs)
  async watch(): Promise<void> {
    const problems = await this.problems();
    const found = JSON.stringify(problems);
    if (found === this.#logged) return;
    if (found === '{}') this.log.info({}, 'service ready');
    else this.log.warn({ problems }, 'service not ready');
    this.#logged = found;
  }

  /** Problems by the name of their check; empty when the service is ready. */
  async problems(): Promise<Record<string, string>> {
    const results = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await answer(check)] as const),
    );
    return Object.fromEntries(results.filter((result): result is readonly [string, string] => result[1] !== undefined));
  }
}

async function answer(check: ReadinessCheck): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve('no answer'), checkTimeoutMs);
  try {
    return await Promise.race([check(), promise]);
  } catch (error) {
    return reasonOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** `/livez`, `/startupz`, `/readyz` and `/metrics` of every service. */
@Controller()
export class HealthController {
  constructor(
    private readonly health: Health,
    private readonly metrics: Registry,
    private readonly configuration: ConfigState,
  ) {}

  @Get('livez')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** Before, {@link StandIn} answers. */
  @Get('startupz')
  started(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @HttpCode(200)
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ status: string; problems: Record<string, string>; configuration: string }> {
    const problems = await this.health.problems();
    const isReady = Object.keys(problems).length === 0;
    if (!isReady) void reply.status(503);
    // The last good configuration is in use, so this is no reason to send requests elsewhere.
    const configuration = this.configuration.error?.code ?? 'ok';
    return { status: isReady ? 'ok' : 'not ready', problems, configuration };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async prometheus(): Promise<string> {
    return this.metrics.metrics();
  }
}

/**
 * Liveness, readiness and metrics of a service, and the {@link Health} to which adapters add
 * checks.
 */
@Global()
@Module({ controllers: [HealthController], providers: [Health], exports: [Health] })
export class HealthModule {}
