import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Fault of all connections, in toxiproxy's words. */
export type Toxic =
  | { kind: 'latency'; ms: number }
  | { kind: 'bandwidth'; bytesPerSecond: number }
  /** Connections stay open, and no byte arrives. */
  | { kind: 'blackhole' };

export interface TcpProxy {
  port: number;
  /** Applies to all connections, also to open ones, until the next call. */
  set(toxic: Toxic | null): void;
  /** Resets all connections. */
  cut(): void;
  stop(): Promise<void>;
}

/** Forwards a port of 127.0.0.1 to another one. */
export async function tcpProxy(toPort: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const state: { toxic: Toxic | null } = { toxic: null };
  let changed = Promise.withResolvers<void>();
  const holdBack = async (chunk: Buffer) => {
    while (state.toxic?.kind === 'blackhole') await changed.promise;
    const { toxic } = state;
    if (toxic?.kind === 'latency') await sleep(toxic.ms);
    if (toxic?.kind === 'bandwidth') await sleep((chunk.length / toxic.bytesPerSecond) * 1_000);
  };
  // No pipe and no Transform: most bytes meet no fault, and each would cost the run processor time.
  const forward = (from: Socket, to: Socket) => {
    let isHeld = false;
    from.on('data', (chunk: Buffer) => {
      if (state.toxic === null) {
        if (!to.write(chunk)) from.pause();
        return;
      }
      void (async () => {
        isHeld = true;
        from.pause();
        await holdBack(chunk);
        isHeld = false;
        to.write(chunk);
        from.resume();
      })();
    });
    to.on('drain', () => {
      if (!isHeld) from.resume();
    });
    from.on('end', () => to.end());
  };
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ port: toPort, host: '127.0.0.1', noDelay: true });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      forward(socket, other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    set(next) {
      state.toxic = next;
      changed.resolve();
      changed = Promise.withResolvers();
    },
    cut,
    async stop() {
      cut();
      await new Promise((done) => server.close(done));
    },
  };
}
