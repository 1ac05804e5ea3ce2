import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  port: number;
  stop(): Promise<void>;
}

/**
 * Forwards a port of all addresses of this machine: servers of tests have 127.0.0.1 alone, which
 * pods cannot reach.
 * @param target asked for each connection; null resets it
 */
export async function startRelay(target: () => { host: string; port: number } | null): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const to = target();
    if (to === null) return void client.resetAndDestroy();
    const other = connect(to);
    for (const socket of [client, other]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => [client, other].forEach((each) => each.destroy()));
    }
    client.pipe(other).pipe(client);
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
