import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { NotFound, printable } from '@tidewaiter/domain';

import { printStderr } from '../context.js';
import { archiveFiles } from './archive-files.js';

/** No reference of an image starts like this. */
const path = /^(?:\.{0,2}\/|\.{1,2}$|~\/)/;
/** Schemes of Syft and Grype. Those of images are left out: `registry:2` is an image, too. */
const familiarScheme = /^(?:dir|file|oci-dir):/;

/**
 * Puts the scheme before a target that is a path, by what lies there: `./app`, and `dir:app` as
 * other scanners name it, become `rootfs:./app` and `rootfs:app`.
 * @throws NotFound `TARGET_MISSING`
 */
export async function withScheme(target: string): Promise<string> {
  const location = target.replace(familiarScheme, '');
  if (path.test(location)) return schemeOf(location);
  return location !== target && (await isThere(stat(location))) ? schemeOf(location) : target;
}

/** Names the path that an image's name was perhaps meant to be. */
export async function notePathOf(image: string): Promise<void> {
  if (await isThere(stat(image))) printStderr(`${printable(image)} is also here, and ./${printable(image)} names it`);
}

async function schemeOf(target: string): Promise<string> {
  const found = await stat(target).catch((cause: unknown) => {
    throw new NotFound('TARGET_MISSING', `${target}: there is no such file or folder`, { cause });
  });
  const scheme = found.isDirectory() ? await schemeOfFolder(target) : await schemeOfFile(target);
  return `${scheme}:${target}`;
}

async function schemeOfFolder(folder: string): Promise<string> {
  return (await isThere(stat(join(folder, 'oci-layout')))) ? 'oci' : 'rootfs';
}

async function schemeOfFile(file: string): Promise<string> {
  const name = basename(file).toLowerCase();
  if (/^(?:docker|container)file|\.dockerfile$/.test(name)) return 'dockerfile';
  if (name.endsWith('.json')) return 'sbom';
  if (/\.ya?ml$/.test(name)) return 'k8s';
  const files = await archiveFiles(file);
  // Archives of current `docker save` versions are OCI layouts as well; their manifest.json has the
  // names.
  return (await isThere(Promise.try(() => files.size('manifest.json')))) ? 'docker-archive' : 'oci-archive';
}

async function isThere(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => true,
    () => false,
  );
}
