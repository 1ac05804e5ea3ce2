import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager, type PubAck } from '@nats-io/jetstream';
import { connect, headers as natsHeaders, type NatsConnection } from '@nats-io/transport-node';
import { type Secret, Unavailable } from '@tidewaiter/domain';
import type { CloudEvent } from '@tidewaiter/events';

import { reconcileStreams } from './topology.js';

const publishTimeoutMs = 5_000;

/** The connection of one service to NATS. It reconnects for ever: an outage is waited for, never an end. */
@Injectable()
export class Bus implements OnApplicationShutdown {
  #reconciling: Promise<void> | undefined;

  private constructor(
    readonly connection: NatsConnection,
    private readonly client: JetStreamClient,
    readonly manager: JetStreamManager,
  ) {}

  static async connect(service: string, url: Secret): Promise<Bus> {
    const address = new URL(url.reveal());
    const connection = await connect({
      servers: address.host,
      ...(address.username ? { user: decodeURIComponent(address.username), pass: decodeURIComponent(address.password) } : {}),
      ...(address.protocol === 'tls:' ? { tls: {} } : {}),
      name: `tidewaiter-${service}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      waitOnFirstConnect: true,
      pingInterval: 10_000,
    });
    const bus = new Bus(connection, jetstream(connection, { timeout: publishTimeoutMs }), await jetstreamManager(connection));
    await bus.reconcile();
    return bus;
  }

  /** Makes the streams and consumers what the topology says; once, however many ask at the same moment. */
  async reconcile(): Promise<void> {
    this.#reconciling ??= reconcileStreams(this.manager).finally(() => {
      this.#reconciling = undefined;
    });
    await this.#reconciling;
  }

  /**
   * Puts an event on the bus and waits until it is on disk there.
   * @throws Unavailable `BUS_UNAVAILABLE`
   */
  async publish(channel: string, event: CloudEvent, messageId: string): Promise<void> {
    const headers = natsHeaders();
    headers.set('content-type', 'application/cloudevents+json');
    if (event.traceparent) headers.set('traceparent', event.traceparent);
    const send = (): Promise<PubAck> => this.client.publish(channel, JSON.stringify(event), { msgID: messageId, headers });
    try {
      await send().catch(async (error: unknown) => {
        // Nobody listens on the subject: the server came back without its store.
        if (!isMissingStream(error)) throw error;
        await this.reconcile();
        return send();
      });
    } catch (cause) {
      throw new Unavailable('BUS_UNAVAILABLE', 'NATS does not take events', { cause });
    }
  }

  /** The client of the consumers. */
  get jetstream(): JetStreamClient {
    return this.client;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}

function isMissingStream(error: unknown): boolean {
  const { name = '', message = '' } = error as { name?: string; message?: string };
  return name === 'NoRespondersError' || /no responders|stream not found/i.test(message) || name === 'JetStreamNotEnabled';
}
