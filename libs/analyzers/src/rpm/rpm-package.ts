import { MalformedFile, type OwnedFile, type PackageRecord } from '@tidewaiter/domain';

import { ownedPath } from '../owned-files.js';
import { isToken, oneLine, readArch } from '../package-database.js';
import { tags, type Header } from './header.js';
import { readSourceRpm } from './source-rpm.js';
import { thirdParty } from './vendors.js';

/** Name of trusted keys, which the database holds like packages. */
const publicKey = 'gpg-pubkey';

/** @see https://github.com/rpm-software-management/rpm/blob/master/include/rpm/rpmfiles.h */
const fileFlags = { config: 1, documentation: 2, missingOk: 8, ghost: 64, license: 128, readme: 256 };
const verifyFlags = { digest: 1, linkTarget: 4, mode: 64 };
const isInstalled = 0;
const fileTypes = { mask: 0o170_000, directory: 0o040_000, file: 0o100_000, link: 0o120_000 };

/** By number of the OpenPGP standard; no distribution uses sha384 or the others. */
const algorithms = new Map([
  [1, 'md5'],
  [2, 'sha1'],
  [8, 'sha256'],
]);

/**
 * Package of a header; undefined for a public key.
 * @throws MalformedFile when it has no usable name or version
 */
export function packageOf(header: Header, foundIn: string): PackageRecord | undefined {
  const text = (tag: number) => header.texts(tag)[0];
  const [name, version, release] = [text(tags.name), text(tags.version), text(tags.release)];
  if (!isToken(name) || !isToken(version) || !isToken(release))
    throw new MalformedFile('header without name or version');
  if (name === publicKey) return undefined;
  const epoch = String(header.numbers(tags.epoch)[0] ?? 0);
  const full = epoch === '0' ? `${version}-${release}` : `${epoch}:${version}-${release}`;
  const license = oneLine(text(tags.license) ?? '');
  return {
    type: 'rpm',
    name,
    version: full,
    ...readArch(text(tags.arch)),
    ...readModule(text(tags.modularityLabel)),
    source: readSourceRpm(text(tags.sourceRpm) ?? '', epoch) ?? { name, version: full },
    licenses: license === '' ? [] : [license],
    // Advisories of the distribution may still apply to a package without a vendor.
    ...(text(tags.vendor) !== undefined && thirdParty(header)),
    foundIn,
  };
}

/**
 * Parses `nodejs:18:8080020230301:f7b8a3c6`: module, stream, version, context; advisories use the
 * first two.
 */
function readModule(label: string | undefined): Pick<PackageRecord, 'qualifiers'> {
  const [module, stream] = label?.split(':', 2) ?? [];
  return isToken(module) && isToken(stream) ? { qualifiers: { modularity: `${module}:${stream}` } } : {};
}

/**
 * Files of a package, without directories and files that were excluded at installation.
 * @throws MalformedFile when the lists of a file's properties are of different lengths
 */
export function filesOf(header: Header): OwnedFile[] {
  const directories = header.texts(tags.directoryNames);
  const indexes = header.numbers(tags.directoryIndexes);
  const names = header.texts(tags.baseNames);
  if (indexes.length !== names.length) throw new MalformedFile('header with file names in no directory');
  const propertiesOf = readProperties(header);
  const files: OwnedFile[] = [];
  for (const [file, name] of names.entries()) {
    const path = ownedPath(`${directories[indexes[file]!] ?? ''}${name}`);
    const properties = propertiesOf(file);
    if (path !== undefined && properties) files.push({ path, ...properties });
  }
  return files;
}

function readProperties(header: Header): (file: number) => Omit<OwnedFile, 'path'> | undefined {
  const states = header.numbers(tags.fileStates);
  const modes = header.numbers(tags.fileModes);
  const digests = header.texts(tags.fileDigests);
  const targets = header.texts(tags.fileLinkTargets);
  const flags = header.numbers(tags.fileFlags);
  const verified = header.numbers(tags.fileVerifyFlags);
  const capabilities = header.texts(tags.fileCapabilities);
  const algorithm = algorithms.get(header.numbers(tags.fileDigestAlgorithm)[0] ?? 1);
  return (file) => {
    const mode = modes[file] ?? 0;
    const type = mode & fileTypes.mask;
    if ((states[file] ?? isInstalled) !== isInstalled || type === fileTypes.directory) return undefined;
    const isVerified = (flag: number) => ((verified[file] ?? flag) & flag) !== 0;
    const digest = digests[file] ?? '';
    const hasDigest = type === fileTypes.file && algorithm !== undefined && /^[0-9a-f]{32,64}$/.test(digest);
    return {
      ...(hasDigest && isVerified(verifyFlags.digest) && { digest: `${algorithm}:${digest}` }),
      ...roleOf(flags[file] ?? 0),
      ...(type === fileTypes.file && isVerified(verifyFlags.mode) && { mode: mode & 0o7777 }),
      ...(capabilities[file] && { capabilities: oneLine(capabilities[file]) }),
      ...(type === fileTypes.link && isVerified(verifyFlags.linkTarget) && linkTarget(targets[file])),
    };
  };
}

function roleOf(flags: number): Pick<OwnedFile, 'role'> {
  if (flags & (fileFlags.ghost | fileFlags.missingOk)) return { role: 'ghost' };
  if (flags & fileFlags.config) return { role: 'config' };
  if (flags & (fileFlags.documentation | fileFlags.license | fileFlags.readme)) return { role: 'documentation' };
  return {};
}

function linkTarget(target: string | undefined): Pick<OwnedFile, 'linkTarget'> {
  return target ? { linkTarget: target } : {};
}
