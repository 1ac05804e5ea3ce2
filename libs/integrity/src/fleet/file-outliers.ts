import { type Finding, printable } from '@tidewaiter/domain';

import { integrityFinding } from '../checks/integrity-finding.js';
import { hostsOf, signsOf } from './fleet-files.js';

/** One content of a path, with the images and repositories that have it. */
export interface FileVariant {
  /** Hex. */
  sha256: string;
  sizeBytes: number;
  /** Redacted text; null if the file is no script. */
  text: string | null;
  images: number;
  /** Sorted, without duplicates. */
  repositories: readonly string[];
}

/** A variant that differs from the others in a suspicious way. */
export interface FileOutlier {
  path: string;
  sha256: string;
  /** Finding for an image with the file, by the layer of the file. */
  findingIn: (layer: number | null) => Finding;
}

export const fileOutlierId = 'file-outlier';

/**
 * Repositories that must agree if there is no text to compare, and that raise the confidence if
 * there is.
 */
const minAgreeing = 3;
/**
 * Limit on counts in a finding, so that a growing fleet does not change the finding with each push.
 */
const maxCounted = 8;
const maxShownLines = 5;
const maxLineCharacters = 300;
const maxNamed = 10;

interface Script extends FileVariant {
  lines: ReadonlySet<string>;
  /** Characteristic lines: `set -e` and `fi` do not make two scripts alike. */
  characteristic: ReadonlySet<string>;
  hosts: readonly string[];
  signs: readonly string[];
}

/** Lines, hosts and signs that one script has and another lacks. */
interface Addition {
  other: Script;
  lines: string[];
  hosts: string[];
  signs: string[];
  /** Repositories with the other script and without this one. */
  agreeing: number;
}

/**
 * Reports contents of one path that differ from the others in a suspicious way. The result depends
 * on the contents and their repositories, not on the order of arrival.
 */
export function fileOutliers(path: string, variants: readonly FileVariant[]): FileOutlier[] {
  const held = variants.filter(({ images }) => images > 0).toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const scripts = held.flatMap((variant) => (variant.text === null ? [] : [scriptOf(path, variant, variant.text)]));
  return [...scriptOutliers(path, scripts), ...binaryOutliers(path, held)];
}

function scriptOf(path: string, variant: FileVariant, text: string): Script {
  const lines = linesOf(text);
  const characteristic = lines.filter((line) => line.length > 5 && !boilerplate.test(line));
  const names = { hosts: hostsOf(path, text), signs: signsOf(path, text) };
  return { ...variant, lines: new Set(lines), characteristic: new Set(characteristic), ...names };
}

const comment = /^(?:#|\/\/|--\s)/;
const boilerplate =
  /^(?:set [-+]|shopt |exec "\$@"|exit\b|return\b|import |from |require |use |umask |cd |esac|done|else)/;

/** Lines without indentation, comments and empty lines, which have no effect. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !comment.test(line));
}

function* scriptOutliers(path: string, scripts: readonly Script[]): Generator<FileOutlier> {
  for (const script of scripts) {
    if (script.hosts.length + script.signs.length === 0) continue;
    const additions = scripts.flatMap((other) => (other === script ? [] : (additionOf(path, script, other) ?? [])));
    const [worst] = additions.toSorted(mostRelevantFirst);
    if (worst) yield { path, sha256: script.sha256, findingIn: (layer) => scriptFinding(path, layer, script, worst) };
  }
}

/** Null if the two are not versions of one script, or nothing suspicious was added. */
function additionOf(path: string, script: Script, other: Script): Addition | null {
  // A majority is no outlier, whatever its content.
  if (script.repositories.length > other.repositories.length) return null;
  const lines = [...script.lines].filter((line) => !other.lines.has(line));
  const kept = [...other.characteristic].filter((line) => script.characteristic.has(line)).length;
  if (kept === 0 || kept * 2 < other.characteristic.size) return null;
  const signs = new Set([
    ...script.signs.filter((sign) => !other.signs.includes(sign)),
    // A second upload beside a known one is only visible in the added lines.
    ...signsOf(path, `#!/bin/sh\n${lines.join('\n')}\n`),
  ]);
  const hosts = script.hosts.filter((host) => !other.hosts.includes(host));
  const own = new Set(script.repositories);
  const agreeing = Math.min(other.images, other.repositories.filter((each) => !own.has(each)).length);
  const addition = { other, lines, hosts, signs: [...signs].toSorted(), agreeing };
  return signs.size > 0 || isForeignHost(script, addition, kept) ? addition : null;
}

/**
 * Whether a new host alone is suspicious. Releases of one repository and scripts of one name
 * legitimately name other hosts; one more host in a script that other repositories have without it
 * is suspicious.
 */
function isForeignHost(script: Script, { other, lines, hosts, agreeing }: Addition, kept: number): boolean {
  const isOneScript = kept >= other.characteristic.size * 0.8 && lines.length <= Math.max(3, other.lines.size / 2);
  if (hosts.length === 0 || agreeing === 0 || agreeing < script.repositories.length || !isOneScript) return false;
  // If each script names a host of its own, only a majority identifies the foreign one.
  const isExtra = other.hosts.every((host) => script.hosts.includes(host));
  return isExtra || (agreeing >= minAgreeing && script.repositories.length === 1);
}

function mostRelevantFirst(a: Addition, b: Addition): number {
  const order = b.signs.length - a.signs.length || b.agreeing - a.agreeing || a.lines.length - b.lines.length;
  return order || (a.other.sha256 < b.other.sha256 ? -1 : 1);
}

function scriptFinding(
  path: string,
  layer: number | null,
  script: Script,
  { other, lines, hosts, signs, agreeing }: Addition,
): Finding {
  const suffix = hosts.length > 0 ? 'new outbound host in file' : `added lines with the sign ${signs[0]}`;
  const isSuspicious = (line: string) =>
    hosts.some((host) => line.toLowerCase().includes(host)) || signsOf(path, `#!/bin/sh\n${line}\n`).length > 0;
  const shown = [...lines.filter(isSuspicious), ...lines.filter((line) => !isSuspicious(line))];
  return integrityFinding({
    id: fileOutlierId,
    severity: 'high',
    title: `Script differs from the same file in other images: ${suffix}`,
    path,
    layer,
    confidence: signs.length > 0 || agreeing >= minAgreeing ? 'likely' : 'possible',
    evidence: {
      ...contentEvidence(script, other),
      addedLines: shown
        .slice(0, maxShownLines)
        .map((line) => printable(line.replaceAll(/\s+/g, ' '), maxLineCharacters)),
      addedLinesTotal: lines.length,
      newHosts: hosts.slice(0, maxNamed),
      signs: signs.slice(0, maxNamed),
    },
  });
}

/** Whether sizes are within a tenth of each other: a larger difference means another program. */
const sameSize = (a: FileVariant, b: FileVariant): boolean =>
  Math.abs(a.sizeBytes - b.sizeBytes) * 10 <= Math.max(a.sizeBytes, b.sizeBytes);

/**
 * Reports the one program or library of a path that differs while at least three other repositories
 * agree.
 */
function* binaryOutliers(path: string, variants: readonly FileVariant[]): Generator<FileOutlier> {
  const [odd, most, ...more] = variants.toSorted((a, b) => a.repositories.length - b.repositories.length);
  if (!odd || !most || more.length > 0 || (odd.text !== null && most.text !== null)) return;
  const isOfOneRepository = odd.repositories.some((each) => most.repositories.includes(each));
  const agreeing = Math.min(most.images, most.repositories.length);
  if (isOfOneRepository || odd.repositories.length !== 1 || agreeing < minAgreeing || !sameSize(odd, most)) return;
  const findingIn = (layer: number | null) =>
    integrityFinding({
      id: fileOutlierId,
      severity: 'medium',
      title: 'Unowned file differs from other images',
      path,
      layer,
      confidence: 'possible',
      evidence: contentEvidence(odd, most),
    });
  yield { path, sha256: odd.sha256, findingIn };
}

function contentEvidence(odd: FileVariant, other: FileVariant): Record<string, unknown> {
  return {
    expected: `sha256:${other.sha256}`,
    actual: `sha256:${odd.sha256}`,
    repositoriesWithExpected: Math.min(other.repositories.length, maxCounted),
    repositoriesWithActual: Math.min(odd.repositories.length, maxCounted),
    comparedWith: other.repositories.slice(0, 3),
  };
}
