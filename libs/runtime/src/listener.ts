import { createPrivateKey, X509Certificate } from 'node:crypto';

import { InvalidInput } from '@tidewaiter/domain';

import type { ConfigFiles } from './config-files.js';

/** Address and ports of a service, with its TLS files. */
export interface ListenerConfig {
  httpHost: string;
  httpPort: number;
  metricsPort?: number | undefined;
  tlsCertFile?: string | undefined;
  tlsKeyFile?: string | undefined;
  tlsClientCaFile?: string | undefined;
}

/** Certificate and key of a server in PEM, and the authorities of its clients. */
export interface ServerTls {
  cert: string;
  key: string;
  /** Without it no client certificate is asked for. */
  ca: string | undefined;
}

/**
 * Reads the TLS files of a listener; undefined without TLS.
 * @throws InvalidInput `CONFIG_INVALID` for a file that cannot be read or used, also for a key of
 * another certificate: TLS would fail at every connection
 */
export function readServerTls(
  { tlsCertFile, tlsKeyFile, tlsClientCaFile }: ListenerConfig,
  files: ConfigFiles,
): ServerTls | undefined {
  if (tlsCertFile === undefined && tlsKeyFile === undefined && tlsClientCaFile === undefined) return undefined;
  if (tlsCertFile === undefined || tlsKeyFile === undefined)
    throw invalid('TIDEWAITER_TLS_CERT_FILE', 'and TIDEWAITER_TLS_KEY_FILE are needed together');
  const cert = readFile('TIDEWAITER_TLS_CERT_FILE', tlsCertFile, files, (pem) => new X509Certificate(pem));
  const key = readFile('TIDEWAITER_TLS_KEY_FILE', tlsKeyFile, files, (pem) => createPrivateKey(pem));
  if (!cert.read.checkPrivateKey(key.read))
    throw invalid('TIDEWAITER_TLS_KEY_FILE', 'is not the key of the certificate');
  const ca =
    tlsClientCaFile === undefined
      ? undefined
      : readFile('TIDEWAITER_TLS_CLIENT_CA_FILE', tlsClientCaFile, files, (pem) => new X509Certificate(pem)).text;
  return { cert: cert.text, key: key.text, ca };
}

function readFile<Read>(
  variable: string,
  path: string,
  files: ConfigFiles,
  read: (pem: string) => Read,
): { text: string; read: Read } {
  try {
    const text = files.text(path);
    return { text, read: read(text) };
  } catch (cause) {
    throw invalid(variable, `cannot be used: ${path}`, cause);
  }
}

function invalid(variable: string, problem: string, cause?: unknown): InvalidInput {
  return new InvalidInput('CONFIG_INVALID', `${variable} ${problem}`, { cause });
}
