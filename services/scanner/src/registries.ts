import type { OnApplicationShutdown } from '@nestjs/common';
import { InvalidInput, type Platform } from '@tidewaiter/domain';
import { RegistryClient } from '@tidewaiter/registry';
import type { Egress, TidewaiterSettings } from '@tidewaiter/runtime';

/** The registries that tidewaiter.yaml names, each with one client: it remembers tokens and how long the registry wants peace. */
export class Registries implements OnApplicationShutdown {
  readonly #clients: ReadonlyMap<string, RegistryClient>;
  /** Platforms of an index that are analysed. */
  readonly platforms: readonly Platform[];

  constructor(
    settings: TidewaiterSettings,
    private readonly egress: Egress,
  ) {
    this.#clients = new Map(settings.registries.map((each) => [each.name, new RegistryClient(each, egress)]));
    this.platforms = settings.platforms;
  }

  /** @throws InvalidInput `REGISTRY_UNKNOWN` when the connection is not configured (any more). */
  client(connection: string): RegistryClient {
    const client = this.#clients.get(connection);
    if (!client) throw new InvalidInput('REGISTRY_UNKNOWN', `tidewaiter.yaml has no registry ${connection}`);
    return client;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
  }
}
