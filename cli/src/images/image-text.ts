import { type Finding, placeOf, printable, severities } from '@tidewaiter/domain';

import { fit, secondOf } from '../terminal.js';

/** A stored image with the place and verdict of its newest push, as the API has it. */
export interface StoredImage {
  digest: string;
  repository: string;
  tag: string | null;
  platform: string;
  os: { name: string } | null;
  verdict: string | null;
  running: boolean | null;
  receivedAt: string;
}

/** A finding of an image, as the API has it. */
export interface ShownFinding {
  id: string;
  severity: string;
  title: string;
  packageName: string | null;
  installedVersion: string | null;
  path: string | null;
  evidence: Finding['evidence'];
  fix: { version: string | null };
  /** Whether it counts for the verdict: not if it is suppressed or hidden. */
  counted: boolean;
}

/** Images of a digest for a terminal, with the findings that count. */
export function imageText(
  images: readonly StoredImage[],
  findings: readonly ShownFinding[],
  terminal: Parameters<typeof fit>[1],
): string {
  const counted = findings.filter((finding) => finding.counted);
  const others = findings.length - counted.length;
  const counts = severities.flatMap((severity) => {
    const number = counted.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}`];
  });
  const lines = [
    ...images.flatMap(factsOf),
    `findings: ${counts.join(', ') || 'none'}${others === 0 ? '' : `; ${others} more do not count`}`,
    ...counted.map(lineOf),
  ];
  return lines.map((line) => `${fit(printable(line), terminal)}\n`).join('');
}

function factsOf({ digest, repository, tag, platform, os, verdict, running, receivedAt }: StoredImage): string[] {
  const facts = [
    ['digest', digest],
    ['platform', platform],
    ['distribution', os?.name ?? null],
    ['verdict', verdict ?? 'not evaluated'],
    ['running', running === null ? null : running ? 'yes' : 'no'],
    ['pushed', secondOf(new Date(receivedAt))],
  ];
  const name = tag === null ? repository : `${repository}:${tag}`;
  return [name, ...facts.flatMap(([fact, value]) => (value === null ? [] : [`${fact}: ${value}`])), ''];
}

function lineOf(finding: ShownFinding): string {
  const { id, severity, title, packageName, installedVersion, fix } = finding;
  const where = packageName === null ? placeOf(finding) : [packageName, installedVersion].filter(Boolean).join(' ');
  const fixed = fix.version === null ? null : `fixed in ${fix.version}`;
  return [severity, id, where, fixed, title].filter(Boolean).join('  ');
}
