import { Injectable } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { TidewaiterSettings } from '@tidewaiter/runtime';

import { GithubHook } from './github-hook.js';

/** Hooks whose failed deliveries are requested again, by the name of their connection. */
@Injectable()
export class GithubHooks {
  readonly #hooks: ReadonlyMap<string, { hook: GithubHook; intervalMs: number }>;

  constructor({ registries }: TidewaiterSettings, egress: Egress) {
    this.#hooks = new Map(
      registries.flatMap(({ name, redeliver }) =>
        redeliver ? [[name, { hook: new GithubHook(redeliver, egress), intervalMs: redeliver.intervalMs }]] : [],
      ),
    );
  }

  /** Interval at which each hook is checked; 0 means never. */
  get intervals(): { connection: string; intervalMs: number }[] {
    return [...this.#hooks].map(([connection, { intervalMs }]) => ({ connection, intervalMs }));
  }

  /** @throws InvalidInput `HOOK_UNKNOWN` when the connection has no hook (any more). */
  hook(connection: string): GithubHook {
    const found = this.#hooks.get(connection);
    if (!found) throw new InvalidInput('HOOK_UNKNOWN', `tidewaiter.yaml names no hook of ${connection}`);
    return found.hook;
  }
}
