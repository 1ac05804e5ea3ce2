import { compareSeverity, type Finding } from '@tidewaiter/domain';
import type { Overlay } from '@tidewaiter/oci';

import { alternatives } from '../checks/alternatives.js';
import { capabilities } from '../checks/capabilities.js';
import { integrityFinding } from '../checks/integrity-finding.js';
import { libraryPaths } from '../checks/library-paths.js';
import { malware } from '../checks/malware.js';
import { missingFiles } from '../checks/missing-files.js';
import { packageDatabase } from '../checks/package-database.js';
import { packageFiles } from '../checks/package-files.js';
import { persistence } from '../checks/persistence.js';
import { pythonStartup } from '../checks/python-startup.js';
import { unownedFiles } from '../checks/unowned.js';
import { worldWritable } from '../checks/world-writable.js';
import { type FleetFile, fleetFiles, type ScriptSource } from '../fleet/fleet-files.js';
import { type PackageContent, packageContents } from '../fleet/package-contents.js';
import { evaluatedImage, type EvaluatedImage, type IntegrityCheck } from './evaluated-image.js';
import { type FileOwners, ownersIn } from './file-owners.js';
import type { IntegrityLayer } from './integrity-layer.js';

/** All evaluations of an image. */
const integrityChecks: readonly IntegrityCheck[] = [
  packageFiles,
  missingFiles,
  packageDatabase,
  unownedFiles,
  worldWritable,
  capabilities,
  alternatives,
  libraryPaths,
  pythonStartup,
  persistence,
  malware,
];

/**
 * Limit on findings per id: an image that was stripped or rebuilt in place has thousands of changed
 * files.
 */
const maxFindingsPerId = 500;

/**
 * Returns integrity findings for the files of an image, from package data and file content; sorted
 * by id and path.
 */
export function evaluateIntegrity(layers: readonly IntegrityLayer[], view: Overlay): Finding[] {
  return runCheck(evaluatedImage(layers, view));
}

/** Results for the files of an image, whose preparation takes a quarter of the time. */
export interface IntegrityEvaluation {
  findings: Finding[];
  programs: PackageContent[];
  unowned: FleetFile[];
  owners: FileOwners;
}

/** {@link evaluateIntegrity} plus the files to compare with other images, and the owners of all. */
export function evaluateWithContents(
  layers: readonly IntegrityLayer[],
  view: Overlay,
  scripts: ScriptSource,
): IntegrityEvaluation {
  const image = evaluatedImage(layers, view);
  return {
    findings: runCheck(image),
    programs: packageContents(image),
    unowned: fleetFiles(image, scripts),
    owners: ownersIn(image),
  };
}

function runCheck(image: EvaluatedImage): Finding[] {
  const findings = integrityChecks.flatMap((evaluation) => [...evaluation(image)]);
  return [...Map.groupBy(findings, ({ id }) => id).values()].flatMap(limited).toSorted(byIdAndPath);
}

/** Worst findings of one id, and a finding with the count of the rest. */
function limited(findings: readonly Finding[]): Finding[] {
  if (findings.length <= maxFindingsPerId) return [...findings];
  const worstFirst = findings.toSorted((a, b) => compareSeverity(a.severity, b.severity) || byIdAndPath(a, b));
  const [next] = worstFirst.splice(maxFindingsPerId);
  const { id, kind, severity, title } = next!;
  const more = findings.length - maxFindingsPerId;
  return [
    ...worstFirst,
    integrityFinding({ id, kind, severity, title: `${title}: ${more} more`, layer: null, evidence: { more } }),
  ];
}

function byIdAndPath(a: Finding, b: Finding): number {
  const [left, right] = [a, b].map(({ id, path, layer }) => `${id}\n${path ?? ''}\n${layer ?? ''}`);
  return left! < right! ? -1 : Number(left! > right!);
}
