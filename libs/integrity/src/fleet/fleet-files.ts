import { dependencyPath } from '../changes/new-hosts.js';
import { isElf } from '../files/elf-header.js';
import { bits, isLibrary } from '../files/file-kinds.js';
import { isScript } from '../files/file-sign.js';
import { inspectFile } from '../files/inspect-file.js';
import { hostsInFile } from '../files/named-hosts.js';
import { isStarted } from '../files/script-signs.js';
import type { EvaluatedImage } from '../image/evaluated-image.js';

/** Text of a script of one layer, with masks in place of secrets. */
export interface ScriptText {
  path: string;
  text: string;
}

/** File of an image that no package owns; compared with the same path in other images. */
export interface FleetFile {
  path: string;
  layer: number;
  /** Hex digest of the bytes in the image. */
  sha256: string;
  sizeBytes: number;
  /** Redacted text; null if the file is no script or longer than {@link maxScriptBytes}. */
  text: string | null;
  /** Whether the text names a host or has a sign: only such a file can have suspicious lines. */
  isSuspicious: boolean;
}

/** Scripts are shorter; bundles and generated code are longer. */
export const maxScriptBytes = 64 * 1024;
/** Limit on files of one image in the comparison; scripts come first. */
const maxFilesOfImage = 2_000;
/** Longer paths do not fit into an index. */
const maxPathCharacters = 512;

const scriptName = /\.(?:sh|bash|zsh|ksh|ps1|py|pl|rb|lua)$/;
const programFolder = /(?:^|\/)s?bin\/[^/]{1,255}$/;

/** Whether a file is a script whose text is stored for the comparison. */
export function isComparedScript(path: string, head: Uint8Array): boolean {
  if (head.length === 0 || head.includes(0) || isElf(head) || dependencyPath.test(path)) return false;
  return isScript(head) || isStarted(path) || scriptName.test(path) || programFolder.test(path);
}

/** Analyzer results about the files of an image. */
export interface ScriptSource {
  /** Stored text of a layer's script, if any. */
  textOf: (path: string, layer: number) => string | undefined;
  /** Whether an analyzer identified the file's package, so that different versions are expected. */
  isIdentified: (path: string) => boolean;
}

/** Scripts, programs and libraries of an image that no package owns. */
export function fleetFiles({ ownership, tree }: EvaluatedImage, { textOf, isIdentified }: ScriptSource): FleetFile[] {
  const files: FleetFile[] = [];
  for (const found of tree.shown.values()) {
    const { path, type, mode, size: sizeBytes } = found.entry;
    if ((type !== 'file' && type !== 'hardlink') || path.length > maxPathCharacters) continue;
    if (ownership.claims.has(path) || isIdentified(path)) continue;
    const text = textOf(path, found.layer) ?? null;
    const isProgram = (mode & bits.execute) !== 0 || isLibrary(path);
    if (text === null && (!isProgram || dependencyPath.test(path))) continue;
    const sha256 = tree.digestOf(found, 'sha256');
    if (sha256 === undefined || sizeBytes === 0) continue;
    files.push({ path, layer: found.layer, sha256, sizeBytes, text, isSuspicious: isSuspicious(path, text) });
  }
  return files.toSorted(scriptsFirst).slice(0, maxFilesOfImage);
}

function isSuspicious(path: string, text: string | null): boolean {
  return text !== null && (hostsOf(path, text).length > 0 || signsOf(path, text).length > 0);
}

/** Hosts in a script. */
export function hostsOf(path: string, text: string): string[] {
  return hostsInFile({ path, content: Buffer.from(text) });
}

/** Names of the signs in a script. */
export function signsOf(path: string, text: string): string[] {
  const signs = inspectFile({ path, content: Buffer.from(text), mode: 0o755 }).map(({ sign }) => sign);
  return [...new Set(signs)].toSorted();
}

function scriptsFirst(a: FleetFile, b: FleetFile): number {
  return Number(a.text === null) - Number(b.text === null) || (a.path < b.path ? -1 : Number(a.path > b.path));
}
