import { type IncomingHttpHeaders, request as forward } from 'node:http';
import { connect, type Socket } from 'node:net';

import { startHttpServer } from './http-server.js';

export interface HttpProxy {
  url: string;
  /** Requests to the proxy: `CONNECT hooks.example.com:443`, `POST http://hooks.example.com/x`. */
  asked: { what: string; headers: IncomingHttpHeaders }[];
  /** Refuses all requests from now on, with this status. */
  refuse(status: number): void;
  stop(): Promise<void>;
}

/** A proxy for which every name means this machine; ports stay what they are. */
export async function httpProxy(): Promise<HttpProxy> {
  const asked: HttpProxy['asked'] = [];
  const sockets = new Set<Socket>();
  let refusal: number | undefined;
  const { port, server, stop } = await startHttpServer((request, response) => {
    const { method, url = '', headers } = request;
    asked.push({ what: `${method} ${url}`, headers });
    if (refusal !== undefined) return void response.writeHead(refusal).end();
    const target = new URL(url);
    const onward = forward(
      { host: '127.0.0.1', port: target.port, path: target.pathname + target.search, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    return void request.pipe(onward);
  });
  server.on('connect', ({ url = '', headers }, client: Socket) => {
    asked.push({ what: `CONNECT ${url}`, headers });
    if (refusal !== undefined) return void client.end(`HTTP/1.1 ${refusal} Refused\r\n\r\n`);
    const target = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const socket of [client, target]) sockets.add(socket.on('error', () => socket.destroy()));
    return undefined;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    refuse: (status) => {
      refusal = status;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await stop();
    },
  };
}
