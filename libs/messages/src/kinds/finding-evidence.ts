import { cut, type Finding } from '@tidewaiter/domain';

import { shortDigest } from '../message.js';

/** Files that one line names before it counts the rest. */
const maxFiles = 3;

/**
 * Evidence of a finding that its title lacks: the files that differ, with both hashes; the lines
 * that a script has more than in other images. Null for all others.
 * @param shown format of digests: short for readers
 */
export function evidenceText(
  { id, evidence }: Pick<Finding, 'id' | 'evidence'>,
  shown: (digest: string) => string = shortDigest,
): string | null {
  if (id === 'file-outlier') return outlierText(evidence);
  if (id !== 'same-revision-different-content') return null;
  const { changes, changesTotal, revision, previousDigest, config } = evidence;
  const files = Array.isArray(changes) ? changes.map((change) => fileText(change, shown)) : [];
  const more = typeof changesTotal === 'number' ? Math.max(changesTotal - files.length, 0) : 0;
  const hidden = Math.max(files.length - maxFiles, 0) + more;
  const named = [...files.slice(0, maxFiles), ...(hidden > 0 ? [`${hidden} more`] : [])];
  const fields = Array.isArray(config) ? config.map((field) => `config: ${String(field)}`) : [];
  const than = `not what ${String(revision).slice(0, 12)} was built into before (${shown(String(previousDigest))})`;
  return [...named, ...fields.slice(0, maxFiles), than].join('; ');
}

function fileText(change: unknown, shown: (digest: string) => string): string {
  const { path, before, after } = change as { path?: unknown; before?: unknown; after?: unknown };
  const hashes = [before, after].flatMap((each) => (typeof each === 'string' ? [shown(each)] : []));
  return [String(path), hashes.join(' → ')].filter(Boolean).join(' ');
}

/** Lines of a script that one message shows, and characters of each. */
const maxAddedLines = 2;
const maxLineCharacters = 160;

/** Null for a binary, whose title is complete. */
function outlierText({ addedLines, addedLinesTotal, newHosts }: Record<string, unknown>): string | null {
  if (!Array.isArray(addedLines)) return null;
  const lines = addedLines.slice(0, maxAddedLines).map((line) => `added line: ${cut(String(line), maxLineCharacters)}`);
  const more = typeof addedLinesTotal === 'number' ? Math.max(addedLinesTotal - lines.length, 0) : 0;
  const hosts = Array.isArray(newHosts) && newHosts.length > 0 ? [`new host: ${newHosts.join(', ')}`] : [];
  return [...hosts, ...lines, ...(more > 0 ? [`${more} more lines`] : [])].join('; ');
}
