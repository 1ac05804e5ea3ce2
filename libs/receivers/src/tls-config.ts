import type { Secret } from '@tidewaiter/domain';
import type { Section } from '@tidewaiter/routing';

/** TLS settings of a connection. */
export interface TlsConfig {
  /** Trusted CA certificates that replace the system's, in PEM. */
  ca: string | undefined;
  /** Client certificate and key, both in PEM. */
  client: { certificate: string; key: Secret } | undefined;
  /** Expected name in the server certificate, where it differs from the host. */
  serverName: string | undefined;
  insecureSkipVerify: boolean;
  minVersion: TlsVersion | undefined;
  maxVersion: TlsVersion | undefined;
}

type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export const plainTls: TlsConfig = {
  ca: undefined,
  client: undefined,
  serverName: undefined,
  insecureSkipVerify: false,
  minVersion: undefined,
  maxVersion: undefined,
};

/**
 * Reads a `tls_config`; undefined where there is none.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<tls_config>`
 */
export function readTls(section: Section, key: string): TlsConfig | undefined {
  const tls = section.section(key);
  if (!tls) return undefined;
  const config = {
    ca: readPem(tls, 'ca'),
    client: readClient(tls),
    serverName: tls.text('server_name'),
    insecureSkipVerify: tls.flag('insecure_skip_verify') ?? false,
    minVersion: readVersion(tls, 'min_version'),
    maxVersion: readVersion(tls, 'max_version'),
  };
  tls.refuse(['ca_ref', 'cert_ref', 'key_ref']);
  tls.finish();
  return config;
}

/** Reads the PEM text under `key`, or in the file that `<key>_file` names. */
function readPem(tls: Section, key: 'ca' | 'cert'): string | undefined {
  const [inline, file] = [tls.scalar(key), tls.file(`${key}_file`)];
  // One PEM text often has the private key beside the certificate.
  tls.redact(key);
  if (inline !== undefined && file !== undefined) tls.problem(key, `and ${key}_file are both given; keep one`);
  return inline ?? file;
}

function readClient(tls: Section): TlsConfig['client'] {
  const [certificate, key] = [readPem(tls, 'cert'), tls.secret('key')];
  if (certificate !== undefined && key) return { certificate, key };
  if (certificate !== undefined) tls.problem('key_file', 'is required with cert_file');
  if (key) tls.problem('cert_file', 'is required with key_file');
  return undefined;
}

function readVersion(tls: Section, key: string): TlsVersion | undefined {
  const text = tls.text(key);
  if (text === undefined) return undefined;
  if (text === 'TLS12') return 'TLSv1.2';
  if (text === 'TLS13') return 'TLSv1.3';
  tls.problem(key, 'expected TLS12 or TLS13; older ones are not supported');
  return undefined;
}
