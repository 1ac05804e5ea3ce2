import { type Finding, isDistributionType, type Severity } from '@tidewaiter/domain';
import type { StackedEntry } from '@tidewaiter/oci';

import { neverSetuid } from '../files/file-kinds.js';
import type { EvaluatedImage, IntegrityCheck } from '../image/evaluated-image.js';
import type { Claim } from '../image/ownership.js';
import { integrityFinding } from './integrity-finding.js';

/**
 * Names by number. @see
 * https://github.com/torvalds/linux/blob/master/include/uapi/linux/capability.h
 */
const names =
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore'
    .split(' ')
    .map((name) => `cap_${name}`);

/** Capabilities that allow becoming root, or reading and writing as root. */
const asRoot = new Set(
  'chown dac_override dac_read_search fowner setgid setuid setpcap sys_module sys_rawio sys_chroot sys_ptrace sys_admin mknod setfcap mac_admin mac_override bpf checkpoint_restore linux_immutable perfmon sys_boot'
    .split(' ')
    .map((name) => `cap_${name}`),
);

/** File capabilities of a program: rights beyond those of its user. */
export interface FileCapabilities {
  /** `cap_net_raw`, in the order of their numbers. */
  permitted: string[];
  inheritable: string[];
  /**
   * Whether the capabilities are effective from the start of the program, without a request by it.
   */
  isEffective: boolean;
  /**
   * User id of root in the user namespace where the capabilities apply; undefined for the initial
   * namespace.
   */
  rootId?: number;
}

const revisions = new Map([
  [0x01000000, 12],
  [0x02000000, 20],
  [0x03000000, 24],
]);

/**
 * Parses a `vfs_cap_data`, revisions 1 to 3; undefined for a value that the kernel rejects.
 * @see https://man7.org/linux/man-pages/man7/capabilities.7.html "File capability extended
 * attribute versioning"
 */
export function readCapabilities(hex: string): FileCapabilities | undefined {
  const data = Buffer.from(hex, 'hex');
  if (data.length < 4) return undefined;
  const magic = data.readUInt32LE(0);
  const revision = magic & 0xff000000;
  if (revisions.get(revision) !== data.length) return undefined;
  const words = revision === 0x01000000 ? [4] : [4, 12];
  const read = (offset: number) => words.flatMap((at, word) => namesOf(data.readUInt32LE(at + offset), word * 32));
  return {
    permitted: read(0),
    inheritable: read(4),
    isEffective: (magic & 1) !== 0,
    ...(revision === 0x03000000 && { rootId: data.readUInt32LE(20) }),
  };
}

function namesOf(word: number, first: number): string[] {
  const found: string[] = [];
  for (let bit = 0; bit < 32; bit += 1)
    if (((word >>> bit) & 1) === 1) found.push(names[first + bit] ?? `cap_${first + bit}`);
  return found;
}

/** Reports programs with undeclared capabilities that allow becoming root. */
export const capabilities: IntegrityCheck = function* (image) {
  for (const found of image.tree.shown.values()) {
    const { entry } = found;
    if (entry.capabilities === undefined) continue;
    const read = readCapabilities(entry.capabilities);
    if (read && read.permitted.length > 0) yield* evaluateFile(image, found, read);
  }
};

function* evaluateFile(image: EvaluatedImage, found: StackedEntry, read: FileCapabilities): Generator<Finding> {
  const { entry, layer } = found;
  const claims = image.ownership.claims.get(entry.path)?.filter(({ type }) => isDistributionType(type)) ?? [];
  const undeclared = undeclaredOf(image, found, claims, read.permitted);
  const risky = undeclared.filter((name) => asRoot.has(name));
  // Without a database the owner of a program is unknown, which is no evidence against it.
  const isForeign = claims.length > 0 || image.ownership.isComplete;
  const severity = severityOf(entry.path, claims, { risky, undeclared, isForeign });
  if (severity === undefined) return;
  const [owner] = claims;
  yield integrityFinding({
    id: 'file-capabilities',
    severity,
    title: owner
      ? 'Package program with undeclared file capabilities'
      : 'Unowned program with root-equivalent file capabilities',
    path: entry.path,
    layer,
    packageName: owner?.package ?? null,
    installedVersion: owner ? image.versionOf(owner) : null,
    evidence: { capabilities: read.permitted, risky, effective: read.isEffective, sha256: entry.sha256 ?? null },
  });
}

/**
 * Severity by program: interpreters and similar programs apply capabilities to any command, others
 * only to their purpose.
 */
function severityOf(
  path: string,
  claims: readonly Claim[],
  { risky, undeclared, isForeign }: { risky: readonly string[]; undeclared: readonly string[]; isForeign: boolean },
): Severity | undefined {
  if (risky.length > 0 && neverSetuid.test(path)) return 'critical';
  if (risky.length > 0) return isForeign ? 'high' : 'medium';
  // Legitimate use of file capabilities: an application's own server that listens on port 80.
  return claims.length > 0 && undeclared.length > 0 ? 'medium' : undefined;
}

/**
 * Permitted capabilities that no package declares. Rpm records those of its packages. Install
 * scripts of dpkg and apk packages set theirs, which only the layer shows: capabilities that the
 * file had when its package was installed count as the package's, except on programs of
 * {@link neverSetuid}.
 */
function undeclaredOf(
  { tree }: EvaluatedImage,
  found: StackedEntry,
  claims: readonly Claim[],
  permitted: readonly string[],
): readonly string[] {
  if (claims.length === 0 || neverSetuid.test(found.entry.path)) return permitted;
  const declared = claims.flatMap((claim) => claim.capabilities?.match(/cap_[a-z_]{1,32}/g) ?? []);
  if (claims.some(({ type }) => type === 'rpm')) return permitted.filter((name) => !declared.includes(name));
  const [first] = tree.hidden(found.entry.path);
  if (!first) return [];
  const before = first.entry.capabilities === undefined ? undefined : readCapabilities(first.entry.capabilities);
  return permitted.filter((name) => !before?.permitted.includes(name));
}
