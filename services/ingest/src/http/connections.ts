import type { AgentSource } from '@tidewaiter/agent-protocol';
import { Unavailable } from '@tidewaiter/domain';
import type { PublishedKeys } from '@tidewaiter/job-tokens';
import type { TidewaiterSettings } from '@tidewaiter/runtime';

import { type PipelineConnection, pipelineConnection } from '../pipelines/pipeline-connection.js';
import { registryConnection, type RegistryHookConnection } from '../registry/registry-connection.js';
import { type SensorConnection, sensorConnection } from '../runtime/sensor-connection.js';

/** A configured sender. */
export type Connection = RegistryHookConnection | SensorConnection | PipelineConnection;

type Configured = Pick<TidewaiterSettings, 'registries' | 'sensors' | 'pipelines'>;

/** Every configured sender. */
export class Connections {
  readonly #byId: ReadonlyMap<string, Connection>;

  /** @param isComplete whether the managed connections could be read, too */
  constructor(
    { registries, sensors, pipelines }: Configured,
    private readonly keys: PublishedKeys,
    private readonly fingerprintKey: Uint8Array,
    private readonly isComplete: () => boolean = () => true,
  ) {
    const all = [
      ...registries.map((each) => registryConnection(each, keys)),
      ...sensors.map((each) => sensorConnection(each, keys, fingerprintKey)),
      ...pipelines.map((each) => pipelineConnection(each, keys)),
    ];
    this.#byId = new Map(all.map((connection) => [connection.id, connection] as const));
  }

  /** @throws Unavailable `CONNECTIONS_UNREAD` while managed ones are not read yet */
  get(id: string): Connection | undefined {
    const connection = this.#byId.get(id);
    if (!connection && !this.isComplete())
      throw new Unavailable('CONNECTIONS_UNREAD', 'no such connection in tidewaiter.yaml, and others are not read yet');
    return connection;
  }

  registry(id: string): RegistryHookConnection | undefined {
    const connection = this.get(id);
    return connection?.family === 'registry' ? connection : undefined;
  }

  pipeline(id: string): PipelineConnection | undefined {
    const connection = this.get(id);
    return connection?.family === 'pipeline' ? connection : undefined;
  }

  sensor(id: string): SensorConnection | undefined {
    const connection = this.get(id);
    return connection?.family === 'runtime' ? connection : undefined;
  }

  /** A source of the agent of a cluster. No configured sensor can have its name. */
  ofAgent(cluster: string, kind: AgentSource): SensorConnection {
    const name = `${cluster}/${kind}`;
    const settings = { name, kind, cluster, silentAfterMs: null, allowUnauthenticated: false };
    return sensorConnection(settings, this.keys, this.fingerprintKey);
  }

  sensors(): SensorConnection[] {
    return [...this].filter((connection) => connection.family === 'runtime');
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#byId.values();
  }
}
