import type { Finding } from '@tidewaiter/domain';
import type { StackedEntry } from '@tidewaiter/oci';

import { bits, isLibrary, isSetuid, octal, programDirectory } from '../files/file-kinds.js';
import { baseName } from '../files/shell-commands.js';
import type { EvaluatedImage, IntegrityCheck } from '../image/evaluated-image.js';
import { integrityFinding } from './integrity-finding.js';

/** Directories of the loader and of login modules. */
const libraryDirectory = /^(usr\/)?lib(32|64)?\/([a-z0-9_]{1,32}-linux-[a-z0-9]{1,16}\/)?(security\/)?[^/]{1,255}$/;
/**
 * Files that base image builders add: a script that blocks service starts, and one that restores a
 * slim image.
 */
const builderFiles = new Set(['policy-rc.d', 'initctl', 'unminimize', 'docker-clean']);
/**
 * Commands that root types or whose output is trusted; a program of that name earlier in PATH runs
 * instead.
 */
const trustedNames = new Set(
  'bash sh su sudo login passwd ssh sshd ls ps top ss netstat lsof find cat id who w last mount ip iptables crontab'.split(
    ' ',
  ),
);
const earlierInPath = /^usr\/local\/s?bin\/[^/]{1,255}$/;

/**
 * Reports programs and libraries without an owning package in directories that only packages should
 * write to.
 */
export const unownedFiles: IntegrityCheck = function* (image) {
  let known: ReadonlySet<string> | undefined;
  const packaged = () => (known ??= packagedContent(image));
  for (const found of image.tree.shown.values()) {
    if (!isCandidate(found) || image.ownership.isDistributed(found.entry.path)) continue;
    const finding = evaluateUnowned(image, found, packaged);
    if (finding) yield finding;
  }
};

function isCandidate({ entry }: StackedEntry): boolean {
  const { type, mode } = entry;
  if (type !== 'file' && type !== 'hardlink') return false;
  if ((mode & bits.execute) !== 0) return true;
  const { path } = entry;
  return isLibrary(path) && libraryDirectory.test(path);
}

function evaluateUnowned(
  image: EvaluatedImage,
  found: StackedEntry,
  packaged: () => ReadonlySet<string>,
): Finding | undefined {
  const { path, mode } = found.entry;
  if (isSetuid(mode)) return unownedSetuid(image, found);
  if (earlierInPath.test(path) && trustedNames.has(baseName(path))) return shadowing(image, found);
  if (!image.ownership.isComplete) return undefined;
  const foreign = isLibrary(path) ? unownedLibrary(found) : unownedProgram(found);
  // Few files get here, and only they justify collecting the digests of every file.
  return foreign && !packaged().has(image.tree.digestOf(found, 'sha256') ?? '') ? foreign : undefined;
}

/** Digests of the distribution's files: a copy or hard link of one is not foreign. */
function packagedContent({ tree, ownership }: EvaluatedImage): Set<string> {
  const digests = new Set<string>();
  for (const { entry } of tree.shown.values()) {
    const { sha256 } = entry;
    if (sha256 !== undefined && ownership.isDistributed(entry.path)) digests.add(sha256);
  }
  return digests;
}

/** Setuid programs of every distribution: they count as its own even without file lists. */
const usualSetuid =
  /^(usr\/)?(s?bin|lib[a-z0-9_/-]{0,60})\/(su|sudo|passwd|chfn|chsh|chage|gpasswd|newgrp|expiry|mount|umount|ping6?|pkexec|crontab|wall|write|bbsuid|fusermount3?|newuidmap|newgidmap|unix_chkpwd|pam_timestamp_check|ssh-agent|ssh-keysign|dbus-daemon-launch-helper|utempter)$/;

function unownedSetuid({ ownership }: EvaluatedImage, { entry, layer }: StackedEntry): Finding | undefined {
  if (!ownership.isComplete && usualSetuid.test(entry.path)) return undefined;
  const isRoots = (entry.mode & bits.setuid) !== 0 && entry.uid === 0;
  return integrityFinding({
    id: 'unowned-setuid',
    // Without a database the owner of a program is unknown, which is no evidence against it.
    severity: isRoots && ownership.isComplete ? 'critical' : isRoots ? 'high' : 'medium',
    title: 'Setuid binary not owned by any package',
    path: entry.path,
    layer,
    evidence: { mode: octal(entry.mode), uid: entry.uid, gid: entry.gid, sha256: entry.sha256 ?? null },
  });
}

function unownedProgram({ entry, layer }: StackedEntry): Finding | undefined {
  const name = baseName(entry.path);
  if (!programDirectory.test(entry.path) || builderFiles.has(name)) return undefined;
  return integrityFinding({
    id: 'unowned-executable',
    severity: name.startsWith('.') ? 'medium' : 'low',
    title: 'System directory executable not owned by any package',
    path: entry.path,
    layer,
    evidence: { mode: octal(entry.mode), sha256: entry.sha256 ?? null },
  });
}

function unownedLibrary({ entry, layer }: StackedEntry): Finding | undefined {
  if (!libraryDirectory.test(entry.path)) return undefined;
  const isLoginModule = entry.path.includes('/security/');
  return integrityFinding({
    id: 'unowned-library',
    severity: isLoginModule ? 'medium' : 'low',
    title: 'System directory library not owned by any package',
    path: entry.path,
    layer,
    evidence: { mode: octal(entry.mode), sha256: entry.sha256 ?? null },
  });
}

function shadowing({ tree, ownership }: EvaluatedImage, { entry, layer }: StackedEntry): Finding | undefined {
  const name = baseName(entry.path);
  const shadowed = ['usr/bin', 'usr/sbin', 'bin', 'sbin'].map((directory) => tree.realPath(`${directory}/${name}`));
  const packaged = shadowed.find((path) => ownership.isDistributed(path));
  if (packaged === undefined) return undefined;
  return integrityFinding({
    id: 'package-program-shadowed',
    severity: 'medium',
    title: 'Package command shadowed by unowned program in PATH',
    path: entry.path,
    layer,
    confidence: 'possible',
    evidence: { shadows: packaged, sha256: entry.sha256 ?? null },
  });
}
