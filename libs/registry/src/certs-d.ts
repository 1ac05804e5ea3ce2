import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidInput, Secret } from '@tidewaiter/domain';

import type { RegistryConnection } from './connection.js';

const maxFileBytes = 1024 * 1024;
/** Folders in which Podman and Docker keep the certificates of registries. */
const systemFolders = ['/etc/containers/certs.d', '/etc/docker/certs.d'];
/** Name of a folder, without a path that leads out of it. */
const folderName = /^[A-Za-z0-9[][A-Za-z0-9.:[\]-]*$/;

/**
 * Certificates for a registry in the layout of Docker and Podman: `certs.d/HOST[:PORT]/` with
 * authorities in `*.crt`, and a client's certificate and key in `NAME.cert` and `NAME.key`. Only
 * the first existing folder counts.
 * @param places the `certs.d` folders, the most important first
 * @throws InvalidInput `CERTS_D` for an unreadable file, or half a pair
 * @see https://docs.docker.com/engine/security/certificates/
 * @see https://github.com/containers/image/blob/main/docs/containers-certs.d.5.md
 */
export function hostCertificates(host: string, places: readonly string[]): Pick<RegistryConnection, 'ca' | 'client'> {
  if (!folderName.test(host)) return {};
  for (const place of places) {
    const folder = join(place, host);
    const names = filesIn(folder);
    if (names) return certificatesOf(folder, names);
  }
  return {};
}

/** Adds this machine's certificates for the host; those of the connection take precedence. */
export function withCertificates<Of extends RegistryConnection>(connection: Of): Of {
  const { ca, client } = hostCertificates(new URL(connection.url).host, systemFolders);
  return { ...connection, ca: connection.ca ?? ca, client: connection.client ?? client };
}

function filesIn(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).toSorted();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new InvalidInput('CERTS_D', `cannot read ${folder}`, { cause });
  }
}

function certificatesOf(folder: string, names: readonly string[]): Pick<RegistryConnection, 'ca' | 'client'> {
  const authorities = names.filter((name) => name.endsWith('.crt')).map((name) => readPem(join(folder, name)));
  const pairs = new Set(names.filter((name) => /\.(cert|key)$/.test(name)).map((name) => name.replace(/\.\w+$/, '')));
  const [pair] = pairs;
  for (const name of pairs)
    for (const half of [`${name}.cert`, `${name}.key`])
      if (!names.includes(half)) throw new InvalidInput('CERTS_D', `${folder} holds half a pair: ${half} is missing`);
  return {
    ...(authorities.length > 0 && { ca: authorities.join('\n') }),
    ...(pair !== undefined && {
      client: {
        certificate: readPem(join(folder, `${pair}.cert`)),
        key: new Secret(readPem(join(folder, `${pair}.key`))),
      },
    }),
  };
}

function readPem(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length <= maxFileBytes) return text;
  } catch (cause) {
    throw new InvalidInput('CERTS_D', `cannot read ${path}`, { cause });
  }
  throw new InvalidInput('CERTS_D', `${path} is over 1 MiB`);
}
