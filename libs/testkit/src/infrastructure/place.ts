import { chmod, chown, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findPrograms, type Programs, serverOwner } from '@tidewaiter/servers';

import { clusterAuthority } from '../test-authority.js';

/** Paths of the files of `clusterAuthority`. */
export interface CertificateFiles {
  ca: string;
  serverCert: string;
  serverKey: string;
  clientCert: string;
  clientKey: string;
}

/** Folder of throw-away servers, with what they need. */
export interface Place {
  dir: string;
  programs: Programs;
  /** User that servers run as which refuse to be root. */
  owner: { uid: number; gid: number } | undefined;
  certificates: CertificateFiles;
  /** Stops servers with it and removes the folder. */
  stop(servers: readonly { kill(): Promise<void> }[]): Promise<void>;
}

export async function makePlace(): Promise<Place> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'tidewaiter-test-')));
  await chmod(dir, 0o711);
  const owner = await serverOwner();
  return {
    dir,
    programs: await findPrograms(process.env['PATH']),
    owner,
    certificates: await writeCertificates(join(dir, 'certificates'), owner),
    async stop(servers) {
      await Promise.all(servers.map(async (server) => server.kill()));
      // The backends of a killed PostgreSQL write for a moment longer.
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

async function writeCertificates(folder: string, owner: Place['owner']): Promise<CertificateFiles> {
  const { ca, server, client } = clusterAuthority;
  await mkdir(folder);
  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, `${text}\n`, { mode: name.endsWith('.key') ? 0o600 : 0o644 });
    // PostgreSQL reads keys of its own or of root's group only.
    if (owner) await chown(path, owner.uid, owner.gid);
    return path;
  };
  return {
    ca: await write('ca.crt', ca),
    serverCert: await write('server.crt', server.cert),
    serverKey: await write('server.key', server.key),
    clientCert: await write('client.crt', client.cert),
    clientKey: await write('client.key', client.key),
  };
}
