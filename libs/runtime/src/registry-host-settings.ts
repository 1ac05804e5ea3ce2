import type { Secret } from '@tidewaiter/domain';
import type { ClientCertificate } from '@tidewaiter/egress';
import { z } from 'zod';

import { secretPair, type SecretReader } from './secret-settings.js';

/** Connection settings of a registry or mirror. */
export const registryHost = {
  credentials: z
    .strictObject({ username: z.string().min(1), ...secretPair('password') })
    .refine(({ password, passwordFile }) => password ?? passwordFile, { path: ['password'], error: 'is missing' })
    .optional(),
  /** Host of the token server, if not the registry's own. */
  tokenHost: z.string().optional(),
  /** Whether it may live on a private or loopback address. */
  allowPrivate: z.boolean().default(false),
  /** PEM file of the authority that signed its certificate. */
  caFile: z.string().optional(),
  /** PEM files of the client certificate and its key. */
  clientCertFile: z.string().optional(),
  clientKeyFile: z.string().optional(),
  /** Takes any certificate. */
  insecure: z.boolean().default(false),
};

export const mirror = z.strictObject({
  /**
   * URL, with the path below which it serves the repositories: `https://mirror.example.com/hub`.
   */
  url: z.url({ protocol: /^https?$/ }),
  /**
   * Requests that it serves. Tags go to the registry itself by default, because a mirror may lag
   * behind a push.
   */
  gives: z.enum(['digests', 'both']).default('digests'),
  ...registryHost,
});

/** A host that images are read from. */
export interface RegistryHostSettings {
  url: string;
  credentials?: { username: string; password: Secret };
  tokenHost?: string;
  allowPrivate: boolean;
  /** PEM text. */
  ca?: string;
  client?: ClientCertificate;
  insecureSkipVerify: boolean;
}

/** A host that holds copies of what a registry has. */
export interface MirrorSettings extends RegistryHostSettings {
  gives: 'digests' | 'both';
}

export function hostSettings(
  read: Omit<z.output<typeof mirror>, 'gives'>,
  at: string,
  secrets: SecretReader,
): RegistryHostSettings {
  const { url, tokenHost, allowPrivate, insecure, credentials, caFile, clientCertFile, clientKeyFile } = read;
  const password =
    credentials && secrets.read(`${at}.credentials.password`, credentials.password, credentials.passwordFile);
  return {
    url,
    tokenHost,
    allowPrivate,
    insecureSkipVerify: insecure,
    credentials: credentials && password && { username: credentials.username, password },
    ca: secrets.text(`${at}.caFile`, caFile),
    client: clientCertificate(clientCertFile, clientKeyFile, at, secrets),
  };
}

function clientCertificate(
  certFile: string | undefined,
  keyFile: string | undefined,
  at: string,
  secrets: SecretReader,
): ClientCertificate | undefined {
  const key = secrets.read(`${at}.clientKey`, undefined, keyFile);
  const certificate = secrets.text(`${at}.clientCertFile`, certFile);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? 'clientCertFile' : 'clientKeyFile';
    secrets.problem(`${at}.${missing}: is missing; a certificate and its key go together`);
  }
  return certificate && key ? { certificate, key } : undefined;
}
