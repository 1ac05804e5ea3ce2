import { type Finding, isDistributionType, type Severity } from '@tidewaiter/domain';
import type { Found } from '@tidewaiter/oci';

import { neverSetuid } from './file-kinds.js';
import { integrityFinding } from './integrity-finding.js';
import type { JudgedImage, Judgement } from './judged-image.js';
import type { Claim } from './ownership.js';

/** By number. @see https://github.com/torvalds/linux/blob/master/include/uapi/linux/capability.h */
const names =
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore'
    .split(' ')
    .map((name) => `cap_${name}`);

/** Each of these is a way to become root, or to read and write as root does. */
const asRoot = new Set(
  'chown dac_override dac_read_search fowner setgid setuid setpcap sys_module sys_rawio sys_chroot sys_ptrace sys_admin mknod setfcap mac_admin mac_override bpf checkpoint_restore linux_immutable perfmon sys_boot'
    .split(' ')
    .map((name) => `cap_${name}`),
);

/** What a program may do beyond its user. */
export interface FileCapabilities {
  /** `cap_net_raw`, in the order of their numbers. */
  permitted: string[];
  inheritable: string[];
  /** Whether the program has them from its start, without asking for them. */
  isEffective: boolean;
  /** The user that is root where the capabilities count; undefined for the first namespace. */
  rootId?: number;
}

const revisions = new Map([
  [0x01000000, 12],
  [0x02000000, 20],
  [0x03000000, 24],
]);

/**
 * Reads a `vfs_cap_data`, revisions 1 to 3; undefined for what the kernel takes for none.
 * @see https://man7.org/linux/man-pages/man7/capabilities.7.html "File capability extended attribute versioning"
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

/** Programs with capabilities by which they become root, and that no package says they have. */
export const capabilities: Judgement = function* (image) {
  for (const found of image.tree.shown.values()) {
    const { entry } = found;
    if (entry.capabilities === undefined) continue;
    const read = readCapabilities(entry.capabilities);
    if (read && read.permitted.length > 0) yield* judge(image, found, read);
  }
};

function* judge(image: JudgedImage, found: Found, read: FileCapabilities): Generator<Finding> {
  const { entry, layer } = found;
  const claims = image.ownership.claims.get(entry.path)?.filter(({ type }) => isDistributionType(type)) ?? [];
  const undeclared = undeclaredOf(image, found, claims, read.permitted);
  const risky = undeclared.filter((name) => asRoot.has(name));
  // Without a database nobody says whose a program is, which is no proof against it.
  const isForeign = claims.length > 0 || image.ownership.isComplete;
  const severity = severityOf(entry.path, claims, { risky, undeclared, isForeign });
  if (severity === undefined) return;
  const [owner] = claims;
  yield integrityFinding({
    id: 'file-capabilities',
    severity,
    title: owner
      ? 'Program of a package has capabilities that the package did not give it'
      : 'Program that no package brought has capabilities of root',
    path: entry.path,
    layer,
    packageName: owner?.package ?? null,
    installedVersion: owner ? image.versionOf(owner) : null,
    evidence: { capabilities: read.permitted, risky, effective: read.isEffective, sha256: entry.sha256 ?? null },
  });
}

/** Interpreters and the like do with capabilities whatever anybody tells them; others what they were written for. */
function severityOf(
  path: string,
  claims: readonly Claim[],
  { risky, undeclared, isForeign }: { risky: readonly string[]; undeclared: readonly string[]; isForeign: boolean },
): Severity | undefined {
  if (risky.length > 0 && neverSetuid.test(path)) return 'critical';
  if (risky.length > 0) return isForeign ? 'high' : 'medium';
  // A server of one's own on port 80 is what file capabilities are for.
  return claims.length > 0 && undeclared.length > 0 ? 'medium' : undefined;
}

/**
 * Rpm writes down what its packages give. The scripts of dpkg and apk packages give theirs when they are installed, and nothing
 * tells of it but the layer: what the file had when its package came counts as the package's, unless no package would.
 */
function undeclaredOf(
  { tree }: JudgedImage,
  found: Found,
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
