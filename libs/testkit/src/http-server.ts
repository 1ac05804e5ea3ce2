import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';

/**
 * Authority and server in one, for registry.test and blobs.test, until 2120. Made for tests with
 * openssl.
 */
export const testCertificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg56J5Q0MjkU97pN1W
G8F4hSsHjOLmZbNcp9jL6ZnvzUahRANCAATkQ2453e8myIXQSyJKLvme2eUb0xZ4
e73DoIQv6KYzDXNs7Eu1RTw0OJdDuAW851CoOdXS4sdtqHqNzrViulQX
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBsjCCAVegAwIBAgIUUvsxxfVyCYCnuSYoj3aVSVClCdcwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPdGlkZXdhaXRlciB0ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIx
MjAwMTAxMDAwMDAwWjAaMRgwFgYDVQQDDA90aWRld2FpdGVyIHRlc3QwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATkQ2453e8myIXQSyJKLvme2eUb0xZ4e73DoIQv
6KYzDXNs7Eu1RTw0OJdDuAW851CoOdXS4sdtqHqNzrViulQXo3kwdzAdBgNVHQ4E
FgQUQIj0NEAuviLng2oQGe14/T2qKPIwHwYDVR0jBBgwFoAUQIj0NEAuviLng2oQ
Ge14/T2qKPIwDwYDVR0TAQH/BAUwAwEB/zAkBgNVHREEHTAbgg1yZWdpc3RyeS50
ZXN0ggpibG9icy50ZXN0MAoGCCqGSM49BAMCA0kAMEYCIQCOZbw+9x+3DQzz/wmN
ttihxm7xx8yjq4Fxib9Ofh+3FQIhAPMuxjxKngrfpeOFIZffJ9nFt2jd3IWGsXb8
HfeJYwFd
-----END CERTIFICATE-----`,
};

export interface TestHttpServer {
  /** On 127.0.0.1. */
  port: number;
  server: Server;
  /** Breaks what is still connected. */
  stop(): Promise<void>;
}

/**
 * Serves HTTP, or HTTPS with `tls`, on a free port of 127.0.0.1. Use `httpSink` to only record and
 * answer.
 */
export async function startHttpServer(
  listener: RequestListener,
  tls?: Pick<TlsOptions, 'key' | 'cert' | 'ca' | 'requestCert' | 'rejectUnauthorized'>,
): Promise<TestHttpServer> {
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async stop() {
      const closed = server[Symbol.asyncDispose]();
      server.closeAllConnections();
      await closed;
    },
  };
}
