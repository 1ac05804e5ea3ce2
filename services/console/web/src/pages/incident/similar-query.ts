import type { IncidentDetail } from '../../api/types.js';

type Compared = Pick<IncidentDetail, 'workload' | 'imageDigest' | 'findings'>;

/** Query of incidents in the same workload or image, or with all the same findings. */
export function similarQuery({ workload, imageDigest, findings }: Compared): string | null {
  const parts = [
    workload !== null && `workload=${quoted(workload)}`,
    imageDigest !== null && `digest=${imageDigest}`,
    findings.length > 0 && `(${findings.map((finding) => `finding=${quoted(finding)}`).join(' ')})`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? null : parts.join(' or ');
}

/** Whether another incident has all findings of this one. */
export function hasFindings(other: Pick<Compared, 'findings'>, { findings }: Pick<Compared, 'findings'>): boolean {
  return findings.length > 0 && findings.every((finding) => other.findings.includes(finding));
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
