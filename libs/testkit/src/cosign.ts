import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A pair of keys as cosign keeps them. */
export interface CosignKey {
  /** File of the private key, which no password protects. */
  file: string;
  /** PEM. */
  publicKey: string;
}

/** Options that upload nothing to public services, and allow a registry without TLS. */
const local = ['--tlog-upload=false', '--allow-http-registry', '--yes'];

/** Runs cosign, which reads and writes its files in `dir`. */
export async function cosign(dir: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('cosign', args, {
    cwd: dir,
    env: { ...process.env, COSIGN_PASSWORD: '', COSIGN_EXPERIMENTAL: '1' },
  });
  return stdout;
}

/** Converts a private key (PEM) to cosign's own format; generates one where there is none. */
export async function cosignKey(dir: string, name: string, privateKey?: string): Promise<CosignKey> {
  if (privateKey === undefined) await cosign(dir, 'generate-key-pair', '--output-key-prefix', name);
  else {
    await writeFile(join(dir, `${name}.pem`), privateKey, { mode: 0o600 });
    await cosign(dir, 'import-key-pair', '--key', `${name}.pem`, '--output-key-prefix', name);
  }
  return { file: join(dir, `${name}.key`), publicKey: await readFile(join(dir, `${name}.pub`), 'utf8') };
}

/** Signs `127.0.0.1:PORT/shop/app@sha256:…`. */
export async function cosignSign(dir: string, { file }: CosignKey, image: string, ...flags: string[]): Promise<void> {
  await cosign(dir, 'sign', '--key', file, ...local, ...flags, image);
}

/** States a predicate of cosign's name for its type (`slsaprovenance1`) about an image. */
export async function cosignAttest(
  dir: string,
  { file }: CosignKey,
  image: string,
  type: string,
  predicate: object,
  ...flags: string[]
): Promise<void> {
  await writeFile(join(dir, 'predicate.json'), JSON.stringify(predicate));
  await cosign(
    dir,
    'attest',
    '--key',
    file,
    '--type',
    type,
    '--predicate',
    'predicate.json',
    ...local,
    ...flags,
    image,
  );
}
