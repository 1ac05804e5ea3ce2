import {
  type AnalysisOptions,
  type AnalyzedLayer,
  configFindings,
  fileFindings,
  inventory,
} from '@tidewaiter/analyzers';
import { type Finding, type FindingKind, type Severity, verdictOf } from '@tidewaiter/domain';
import { overlay, type Overlay } from '@tidewaiter/oci';
import {
  byRisk,
  type Report,
  type ReportFinding,
  type ReportLayer,
  type ReportStats,
  type ReportTarget,
} from '@tidewaiter/reports';
import { redactSecrets } from '@tidewaiter/secrets';

import type { ImageSource } from '../sources/image-source.js';
import type { Judged, LocalAdvisoriesOptions } from './local-advisories.js';
import type { ReadImage } from './read-image.js';

/** What a scan shall find, and against what. */
export interface JudgeOptions {
  kinds: ReadonlySet<FindingKind>;
  failOn: Severity | undefined;
  /** Whether only what can be mended counts, of vulnerabilities. */
  isOnlyFixed: boolean;
  /** Undefined where there are none. */
  advisories: LocalAdvisoriesOptions | undefined;
}

/** Judges what was read of an image. */
export async function reportOf(
  reference: string,
  source: ImageSource,
  read: ReadImage,
  startedAt: Date,
  analysis: AnalysisOptions,
  options: JudgeOptions,
): Promise<Report> {
  const view = overlay(read.layers.map(({ entries }) => entries));
  // A folder may be somebody's sources, whose lock files say what they will be built from.
  const found = inventory(read.layers, view, source.tree !== undefined);
  const { os, packages } = source.listed ?? found;
  const judged = source.checked ? nothingJudged : await vulnerabilities({ os, packages }, options);
  const all = [
    ...judged.findings,
    ...imageFindings(source, read, view, analysis).map(unexploited),
    ...(await misconfiguration(source, read, view, options)).map(unexploited),
  ];
  const findings = all.filter((finding) => isAsked(finding, options)).toSorted(worstFirst);
  const warnings = [...source.warnings, ...found.warnings, ...judged.warnings];
  return {
    schemaVersion: 1,
    target: targetOf(reference, source),
    os,
    layers: source.layers.map(layerOf),
    packages,
    findings,
    warnings,
    verdict: verdictOf(findings, warnings, options.failOn),
    stats: statsOf(read, startedAt, judged.asOf),
  };
}

/** What advisories tell of. */
const advisoryKinds = ['vulnerability', 'malware', 'supply-chain'] as const;

const nothingJudged: Judged = { findings: [], warnings: [], asOf: null };

async function vulnerabilities(
  { os, packages }: Pick<Report, 'os' | 'packages'>,
  { kinds, advisories }: JudgeOptions,
): Promise<Judged> {
  if (!advisoryKinds.some((kind) => kinds.has(kind))) return nothingJudged;
  if (advisories === undefined) {
    // Malware and what is wrong with a supply chain is found without them as well.
    if (!kinds.has('vulnerability')) return nothingJudged;
    const message =
      'there are no advisories, so packages were not judged: run `tidewaiter advisories sync`, or name some';
    return { ...nothingJudged, warnings: [{ code: 'ADVISORIES_MISSING', path: null, message }] };
  }
  const { judgePackages } = await import('./local-advisories.js');
  return judgePackages(packages, os, advisories);
}

function imageFindings(
  { config, layers }: ImageSource,
  read: ReadImage,
  view: Overlay,
  analysis: AnalysisOptions,
): Finding[] {
  // The files of a folder came in no step of a build.
  const steps = read.layers.map((layer, index) => {
    const createdBy = layers[index]?.createdBy;
    return { ...layer, ...(createdBy !== undefined && { createdBy }) };
  });
  return [...fileFindings(steps, view, analysis), ...(config ? configFindings(config, analysis) : [])];
}

async function misconfiguration(
  { config, checked }: ImageSource,
  { layers }: ReadImage,
  view: Overlay,
  { kinds }: JudgeOptions,
): Promise<Finding[]> {
  if (checked) return checked;
  if (!config || !kinds.has('misconfiguration')) return [];
  const { misconfigurations } = await import('./misconfiguration.js');
  return misconfigurations(config, layers, view);
}

function isAsked({ kind, fix }: Finding, { kinds, isOnlyFixed }: JudgeOptions): boolean {
  if (!kinds.has(kind)) return false;
  return kind !== 'vulnerability' || !isOnlyFixed || fix.state === 'fixed';
}

/** CISA's catalogue and FIRST's scores are about vulnerabilities. */
function unexploited(finding: Finding): ReportFinding {
  return { ...finding, kev: false, epss: null };
}

function worstFirst(a: ReportFinding, b: ReportFinding): number {
  const keys = [a, b].map(({ kind, packageName, id, path, layer, fingerprint }) =>
    [kind, packageName ?? '', id, path ?? '', layer ?? -1, fingerprint].join('\n'),
  );
  return byRisk(a, b) || (keys[0]! < keys[1]! ? -1 : 1);
}

function targetOf(reference: string, { digest, mediaType, platform, configDigest }: ImageSource): ReportTarget {
  return { reference, digest, mediaType, platform, configDigest };
}

function layerOf({ index, digest, diffId, sizeBytes, createdBy }: ImageSource['layers'][number]): ReportLayer {
  return { index, digest, diffId, sizeBytes, createdBy: createdBy === undefined ? null : redactSecrets(createdBy) };
}

function statsOf(read: ReadImage, startedAt: Date, advisoriesAsOf: string | null): ReportStats {
  const { layersAnalyzed, layersFromCache, bytesRead, layers } = read;
  return {
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    files: countFiles(layers),
    bytesRead,
    layersAnalyzed,
    layersFromCache,
    advisoriesAsOf,
  };
}

function countFiles(layers: readonly AnalyzedLayer[]): number {
  let files = 0;
  for (const { entries } of layers) for (const { type } of entries) if (type === 'file') files += 1;
  return files;
}
