import type { OwnedFile, OwnedFiles } from '@tidewaiter/domain';

import { documentationRole, ownedPath } from '../owned-files.js';
import { isToken, linesOf } from '../package-database.js';

/** Default mode of a file: apk records only other modes. */
const usualMode = 0o644;

/** By length of the digest, which is more reliable than the prefix `Q1` or `Q2`. */
const algorithms = new Map([
  [20, 'sha1'],
  [32, 'sha256'],
]);

/**
 * Files of each package in a database. The digest of a symbolic link is the digest of its target's
 * text: apk records nothing else about links, and only the mode 0777 distinguishes them from files.
 * @see https://wiki.alpinelinux.org/wiki/Apk_spec "Installed database V2", F, R, a and Z
 */
export function* apkFiles(text: string): Generator<OwnedFiles> {
  let owned: OwnedFiles = { type: 'apk', package: '', files: [] };
  let directory = '';
  let file: OwnedFile | undefined;
  for (const line of linesOf(text)) {
    const value = line.slice(2).trim();
    switch (line.slice(0, 2)) {
      case '':
        yield owned;
        owned = { type: 'apk', package: '', files: [] };
        break;
      case 'P:':
        owned.package = isToken(value) ? value : '';
        break;
      case 'F:':
        directory = value;
        file = undefined;
        break;
      case 'R:':
        file = fileAt(`${directory}/${value}`);
        if (file && owned.package !== '') owned.files.push(file);
        break;
      case 'a:':
        if (file) Object.assign(file, readMode(value));
        break;
      case 'Z:':
        if (file) Object.assign(file, readDigest(value));
        break;
      default:
    }
  }
  yield owned;
}

function fileAt(text: string): OwnedFile | undefined {
  const path = ownedPath(text);
  if (path === undefined) return undefined;
  // Files that apk protects from upgrades are those that users edit. @see apk-tools `apk_db_open`,
  // default protected paths
  const isProtected = path.startsWith('etc/') && !path.startsWith('etc/init.d/');
  return { path, ...(isProtected ? { role: 'config' } : documentationRole(path)), mode: usualMode };
}

function readMode(value: string): Pick<OwnedFile, 'mode'> {
  const [, mode] = /^\d{1,10}:\d{1,10}:([0-7]{1,4})(?::|$)/.exec(value) ?? [];
  return mode === undefined ? {} : { mode: Number.parseInt(mode, 8) };
}

function readDigest(value: string): Pick<OwnedFile, 'digest'> {
  const [, base64] = /^Q[12]([A-Za-z0-9+/]{27,43}=)$/.exec(value) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  const algorithm = algorithms.get(bytes.length);
  return algorithm === undefined ? {} : { digest: `${algorithm}:${bytes.toString('hex')}` };
}
