import { compareSeverity, type Finding, type Severity, worstSeverity } from '@tidewaiter/domain';

/** Facts of a vulnerability by which two images are compared. */
export type ComparedFinding = Pick<Finding, 'kind' | 'id' | 'severity' | 'packageName' | 'layer'>;

/** Effect of another base image on the vulnerabilities of an image. */
export interface BaseEffect {
  /** Vulnerabilities from the layers of the base that it would close. */
  closes: number;
  /** Worst severity among these; null where there are none. */
  closesWorst: Severity | null;
  /** Vulnerabilities of the base that it has, too. */
  keeps: number;
  /** Vulnerabilities that it has and the image has not. */
  adds: number;
}

/** Counted vulnerabilities that come from the layers of a base image, each once for its package. */
export function vulnerabilitiesOfBase(
  findings: readonly ComparedFinding[],
  baseLayers: number,
): Map<string, ComparedFinding> {
  const ofBase = findings.filter(({ layer }) => layer !== null && layer < baseLayers);
  return vulnerabilitiesOf(ofBase);
}

/** Compares the vulnerabilities of an image with those of an image that could be its base. */
export function effectOf(
  findings: readonly ComparedFinding[],
  baseLayers: number,
  candidate: readonly ComparedFinding[],
): BaseEffect {
  const [own, ofBase, others] = [
    vulnerabilitiesOf(findings),
    vulnerabilitiesOfBase(findings, baseLayers),
    vulnerabilitiesOf(candidate),
  ];
  const closed = [...ofBase].filter(([key]) => !others.has(key)).map(([, { severity }]) => severity);
  return {
    closes: closed.length,
    closesWorst: closed.length === 0 ? null : worstSeverity(closed),
    keeps: ofBase.size - closed.length,
    adds: [...others.keys()].filter((key) => !own.has(key)).length,
  };
}

/** Orders effects, the most useful first: the same worst severity counts before the number. */
export function compareEffects(a: BaseEffect, b: BaseEffect): number {
  return (
    compareSeverity(a.closesWorst ?? 'unknown', b.closesWorst ?? 'unknown') ||
    b.closes - b.adds - (a.closes - a.adds) ||
    b.closes - a.closes
  );
}

function vulnerabilitiesOf(findings: readonly ComparedFinding[]): Map<string, ComparedFinding> {
  const found = findings.filter(({ kind }) => kind === 'vulnerability');
  return new Map(found.map((finding) => [JSON.stringify([finding.id, finding.packageName]), finding]));
}
