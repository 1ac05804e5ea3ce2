import type { Finding } from '@tidewaiter/domain';
import type { StackedEntry } from '@tidewaiter/oci';

import { bits, octal } from '../files/file-kinds.js';
import type { IntegrityCheck } from '../image/evaluated-image.js';
import { integrityFinding } from './integrity-finding.js';

const maxExamples = 20;
const systemProgram = /^((usr\/(local\/)?)?s?bin|(usr\/)?lib(32|64)?|usr\/libexec)\//;
/** Files through which any user with write access becomes root. */
const rootFile =
  /^etc\/(passwd|shadow|group|gshadow|sudoers|sudoers\.d\/.{1,255}|ld\.so\.preload|crontab|cron\.[a-z]{1,10}\/.{1,255}|pam\.d\/.{1,255}|profile)$/;

/**
 * Reports world-writable files that root runs or trusts; files of packages are reported with their
 * packages.
 */
export const worldWritable: IntegrityCheck = function* ({ tree, ownership }) {
  const elsewhere: StackedEntry[] = [];
  for (const found of tree.shown.values()) {
    const { type, mode } = found.entry;
    if ((type !== 'file' && type !== 'hardlink') || (mode & bits.othersWrite) === 0) continue;
    const { path } = found.entry;
    if (rootFile.test(path)) yield writable(found, 'world-writable-system-file', 'World-writable system file');
    else if ((mode & bits.execute) === 0 || ownership.isDistributed(path)) continue;
    else if (systemProgram.test(path))
      yield writable(found, 'world-writable-executable', 'World-writable system executable');
    else elsewhere.push(found);
  }
  // One recursive chmod of an application makes thousands of such files.
  for (const [layer, found] of Map.groupBy(elsewhere, (each) => each.layer)) yield writableTree(layer, found);
};

function writable({ entry, layer }: StackedEntry, id: string, title: string): Finding {
  const isSystemFile = id === 'world-writable-system-file';
  const evidence = { mode: octal(entry.mode), uid: entry.uid };
  return integrityFinding({ id, severity: isSystemFile ? 'high' : 'medium', title, path: entry.path, layer, evidence });
}

function writableTree(layer: number, found: readonly StackedEntry[]): Finding {
  const paths = found.map(({ entry }) => entry.path).toSorted();
  const [first = ''] = paths;
  return integrityFinding({
    id: 'world-writable-executables',
    severity: 'low',
    title: 'World-writable executables outside system directories',
    path: first,
    layer,
    evidence: { files: paths.length, examples: paths.slice(0, maxExamples) },
  });
}
