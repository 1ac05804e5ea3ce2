import {
  type AnalysisOptions,
  type AnalyzedLayer,
  configFindings,
  databaseWarnings,
  fileFindings,
  groupSecrets,
  inventory,
  limitedFindings,
  limitedPackages,
  linkedPrograms,
} from '@tidewaiter/analyzers';
import {
  countFindings,
  type Finding,
  type FindingKind,
  type IncompleteEffect,
  layerNotAnalyzedId,
  type PolicyResult,
  policyWarnings,
  type Severity,
  verdictOf,
  type VerdictRules,
  withPolicies,
} from '@tidewaiter/domain';
import { layerNotAnalyzed } from '@tidewaiter/integrity';
import { overlay, type Overlay } from '@tidewaiter/oci';
import type { SuppressionResult as Evaluation, Objections, Policy } from '@tidewaiter/policy';
import type { Trust } from '@tidewaiter/provenance';
import {
  byRisk,
  type Report,
  type ReportFinding,
  type ReportLayer,
  type ReportStats,
  type ReportTarget,
} from '@tidewaiter/reports';
import { redactSecrets } from '@tidewaiter/secrets';

import type { CheckedFile, ImageSource } from '../sources/image-source.js';
import type { PackageEvaluation, LocalAdvisoriesOptions } from './local-advisories.js';
import type { NamedText } from './objections.js';
import type { ScannedImage } from './policy-facts.js';
import type { SignedBy } from './provenance.js';
import type { ReadImage } from './read-image.js';

/** Options of the evaluation: kinds of findings, and the data to evaluate by. */
export interface EvaluationOptions {
  kinds: ReadonlySet<FindingKind>;
  /** Undefined for the default; null where policies alone decide. */
  failOn: Severity | null | undefined;
  onIncomplete: IncompleteEffect;
  /** Only findings of these severities; all unless given. */
  severities?: ReadonlySet<Severity>;
  /** Whether only fixable vulnerabilities count. */
  isOnlyFixed: boolean;
  /** Whether vulnerabilities are left out whose code is in no program. */
  isOnlyReachable: boolean;
  /** Undefined without advisories. */
  advisories: LocalAdvisoriesOptions | undefined;
  /** Trusted signers; undefined where no signature check was requested. */
  trust?: Trust;
  /** VEX statements and exceptions. */
  objections: Objections;
  policies: readonly Policy[];
  /** Texts of the files that the objections and policies were read from. */
  documents: readonly NamedText[];
}

/** Report of an image, and how long it would be the same. */
export interface DatedEvaluation {
  report: Report;
  /** Null for a report that may differ at any time. */
  until: Date | null;
}

/** Evaluates the content of an image. */
export async function reportOf(
  reference: string,
  source: ImageSource,
  read: ReadImage,
  startedAt: Date,
  analysis: AnalysisOptions,
  options: EvaluationOptions,
): Promise<DatedEvaluation> {
  const view = overlay(read.layers.map(({ entries }) => entries));
  // A folder may hold sources, whose lock files declare the packages of a future build.
  const found = inventory(read.layers, view, {
    withDeclared: source.tree !== undefined,
    config: source.config ?? undefined,
  });
  const limited = limitedPackages(found.packages, read.sizeBytes, analysis.factLimits);
  const { os, packages } = source.listed ?? { ...found, packages: limited.packages };
  const evaluated = source.checked
    ? await supportOfFile(source.checked, startedAt, options)
    : await vulnerabilities({ os, packages }, read, startedAt, options);
  const signed = await signatures(reference, source, options);
  const sboms = await attachedSboms(reference, source, signed, { packages, unread: read.unread }, options);
  const inImage = imageFindings(source, read, view, analysis);
  const all = [
    ...evaluated.findings,
    ...[...(signed?.findings ?? []), ...sboms.findings].map(unexploited),
    ...read.unread.map(layerNotAnalyzed).map(unexploited),
    ...inImage.findings.map(unexploited),
    ...(await misconfiguration(source, os, read, view, evaluated, options)).map(unexploited),
    ...(await endsOfSupport(source, { os, packages }, startedAt, evaluated, options)).map(unexploited),
  ];
  const asked = all.filter((finding) => isAsked(finding, options)).toSorted(worstFirst);
  const { findings, suppressed, ...objected } = await objectedTo(
    asked,
    { reference, source, packages, startedAt },
    { ...options.objections, statements: [...options.objections.statements, ...(signed?.statements ?? [])] },
  );
  const provenance = signed?.provenance ?? null;
  const known = [
    ...source.warnings,
    ...databaseWarnings(source.warnings),
    ...found.warnings,
    ...read.warnings,
    ...limited.warnings,
    ...inImage.warnings,
    ...evaluated.warnings,
    ...(signed?.warnings ?? []),
    ...sboms.warnings,
  ];
  const facts = {
    ...{ reference, source, os, packages, findings, startedAt, asOf: evaluated.asOf, provenance },
    ...{ kinds: options.kinds, warnings: known, onIncomplete: options.onIncomplete },
  };
  const policies = await askedPolicies(facts, options);
  const warnings = [...known, ...objected.warnings, ...policyWarnings(policies)];
  const report: Report = {
    schemaVersion: 1,
    target: targetOf(reference, source),
    os,
    layers: source.layers.map(layerOf),
    packages,
    findings,
    counts: countFindings(findings),
    provenance,
    suppressed,
    warnings,
    policies,
    verdict: withPolicies(verdictOf(findings, warnings, verdictRules(source, options)), policies),
    stats: statsOf(read, startedAt, evaluated),
  };
  // An SBOM that the registry kept back may be there the next time.
  const isLasting = sboms.warnings.length === 0;
  return { report, until: isLasting ? await holdsUntil(startedAt, evaluated.changesAt, options) : null };
}

const dayMs = 24 * 60 * 60_000;

/**
 * When the evaluation may give another answer at the same inputs: the next day in UTC, by which
 * support ends, the end of an exception, the next warning about the age of advisories.
 */
async function holdsUntil(
  startedAt: Date,
  warningsChangeAt: Date | null,
  { objections, policies }: EvaluationOptions,
): Promise<Date | null> {
  if (policies.length > 0) {
    const { dependsOnTime } = await import('@tidewaiter/policy');
    if (policies.some(dependsOnTime)) return null;
  }
  const now = startedAt.getTime();
  const ends = objections.exceptions.flatMap(({ until }) => (until !== null && until > startedAt ? [until] : []));
  const tomorrow = (Math.floor(now / dayMs) + 1) * dayMs;
  const changes = [...ends, ...(warningsChangeAt ? [warningsChangeAt] : [])];
  return new Date(Math.min(tomorrow, ...changes.map((date) => date.getTime())));
}

/** Rules of the verdict: a document that is the whole target is never read in part and passed. */
function verdictRules({ checked, listed }: ImageSource, { failOn, onIncomplete }: EvaluationOptions): VerdictRules {
  const isDocument = checked !== undefined || listed !== undefined;
  return { threshold: failOn, onIncomplete: isDocument && onIncomplete === 'warn' ? 'unknown' : onIncomplete };
}

/** Kinds of findings that come from advisories. */
const advisoryKinds = ['vulnerability', 'malware', 'supply-chain'] as const;

const nothingEvaluated: PackageEvaluation = {
  findings: [],
  warnings: [],
  asOf: null,
  sources: [],
  changesAt: null,
  published: null,
};

async function vulnerabilities(
  { os, packages }: Pick<Report, 'os' | 'packages'>,
  { layers }: ReadImage,
  now: Date,
  { kinds, advisories }: EvaluationOptions,
): Promise<PackageEvaluation> {
  if (!advisoryKinds.some((kind) => kinds.has(kind))) return nothingEvaluated;
  if (advisories === undefined) {
    // Malware and supply-chain findings also come from other checks than advisories.
    if (!kinds.has('vulnerability')) return nothingEvaluated;
    const message =
      'there are no advisories, so packages were not evaluated: run `tidewaiter advisories sync`, or give a file with --advisories';
    return { ...nothingEvaluated, warnings: [{ code: 'ADVISORIES_MISSING', path: null, message }] };
  }
  const { evaluatePackages } = await import('./local-advisories.js');
  return evaluatePackages(packages, os, linkedPrograms(layers), advisories, now);
}

/** The ends of support by which a file is checked; nothing else of it comes from advisories. */
async function supportOfFile(
  { products }: CheckedFile,
  now: Date,
  { advisories }: EvaluationOptions,
): Promise<PackageEvaluation> {
  if (products.length === 0 || advisories === undefined) return nothingEvaluated;
  const { publishedEnds } = await import('./local-advisories.js');
  const { published, warnings, ages } = await publishedEnds(products, advisories, now);
  return { ...nothingEvaluated, published, warnings, sources: ages };
}

async function signatures(
  reference: string,
  source: ImageSource,
  { trust }: EvaluationOptions,
): Promise<SignedBy | undefined> {
  if (!trust) return undefined;
  const { signedBy } = await import('./provenance.js');
  return signedBy(reference, source, trust);
}

/** An SBOM that is the target itself cannot differ from its packages. */
async function attachedSboms(
  reference: string,
  source: ImageSource,
  signed: SignedBy | undefined,
  { packages, unread }: { packages: Report['packages']; unread: ReadImage['unread'] },
  { kinds }: EvaluationOptions,
): Promise<{ findings: Finding[]; warnings: Report['warnings'] }> {
  const isAsked = signed !== undefined || (source.buildStatements !== undefined && kinds.has('supply-chain'));
  // The packages of an unread layer are unknown, not absent.
  if (source.listed || unread.length > 0 || !isAsked) return { findings: [], warnings: [] };
  const { buildSboms, comparedSboms, comparedUnsignedSboms } = await import('./provenance.js');
  const ofSigners = comparedSboms(reference, signed?.sboms ?? [], packages);
  const { unsignedSboms, warnings } = signed ? { ...signed, warnings: [] } : await buildSboms(source);
  const unsigned = await comparedUnsignedSboms(reference, source, unsignedSboms, packages);
  return {
    findings: [...ofSigners.findings, ...unsigned.findings],
    warnings: [...ofSigners.warnings, ...warnings, ...unsigned.warnings],
  };
}

function imageFindings(
  { config, layers }: ImageSource,
  read: ReadImage,
  view: Overlay,
  analysis: AnalysisOptions,
): ReturnType<typeof limitedFindings> {
  // The files of a folder have no build step.
  const steps = read.layers.map((layer, index) => {
    const createdBy = layers[index]?.createdBy;
    return { ...layer, ...(createdBy !== undefined && { createdBy }) };
  });
  const inFiles = limitedFindings(fileFindings(steps, view, analysis), read.sizeBytes);
  const inConfig = config ? configFindings(config, analysis) : [];
  return { ...inFiles, findings: groupSecrets([...inFiles.findings, ...inConfig]) };
}

async function misconfiguration(
  { config, checked, fileFindings }: ImageSource,
  os: Report['os'],
  { layers }: ReadImage,
  view: Overlay,
  { published }: PackageEvaluation,
  { kinds }: EvaluationOptions,
): Promise<Finding[]> {
  if (checked) {
    const { lifecyclesOf } = await import('@tidewaiter/checks');
    return checked.find(lifecyclesOf(published));
  }
  if (!kinds.has('misconfiguration')) return [];
  if (config) {
    const { checkImageConfig, checkImageFiles } = await import('@tidewaiter/checks');
    return [...checkImageConfig(config), ...checkImageFiles(layers, view)];
  }
  // In the root of an image are those of the software in it.
  if (os !== null || fileFindings === undefined) return [];
  const { lifecyclesOf } = await import('@tidewaiter/checks');
  return fileFindings(lifecyclesOf(published));
}

async function endsOfSupport(
  { checked }: ImageSource,
  { os, packages }: Pick<Report, 'os' | 'packages'>,
  now: Date,
  { published }: PackageEvaluation,
  { kinds }: EvaluationOptions,
): Promise<Finding[]> {
  if (checked || !kinds.has('supply-chain')) return [];
  const { endOfLife, lifecyclesOf } = await import('@tidewaiter/checks');
  return endOfLife(os, packages, now, lifecyclesOf(published));
}

/** Applies VEX and exceptions. Most scans have none, and do not load their parsers. */
async function objectedTo(
  findings: ReportFinding[],
  image: { reference: string; source: ImageSource; packages: Report['packages']; startedAt: Date },
  objections: Objections,
): Promise<Evaluation<ReportFinding>> {
  if (objections.statements.length === 0 && objections.exceptions.length === 0)
    return { findings, suppressed: [], warnings: [] };
  const [{ suppress }, { identityOf }] = await Promise.all([
    import('@tidewaiter/policy'),
    import('./image-identity.js'),
  ]);
  const identity = identityOf(image.reference, image.source);
  return suppress(findings, { ...identity, packages: image.packages }, objections, image.startedAt);
}

async function askedPolicies(image: ScannedImage, { policies }: EvaluationOptions): Promise<PolicyResult[]> {
  if (policies.length === 0) return [];
  const [{ askPolicies }, { factsOf }] = await Promise.all([import('@tidewaiter/policy'), import('./policy-facts.js')]);
  return askPolicies(policies, factsOf(image));
}

function isAsked(
  { kind, id, fix, reachability, severity }: Finding,
  { kinds, isOnlyFixed, isOnlyReachable, severities }: EvaluationOptions,
): boolean {
  // The unread layer may contain findings of every requested kind.
  if (id === layerNotAnalyzedId) return true;
  if (!kinds.has(kind) || severities?.has(severity) === false) return false;
  if (kind !== 'vulnerability') return true;
  return (!isOnlyFixed || fix.state === 'fixed') && (!isOnlyReachable || reachability !== 'not-linked');
}

/**
 * Marks a finding as neither in a list of exploited vulnerabilities nor scored by FIRST, which are
 * about vulnerabilities.
 */
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

function statsOf(read: ReadImage, startedAt: Date, { asOf, sources }: PackageEvaluation): ReportStats {
  const { layersAnalyzed, layersFromCache, bytesRead, layers } = read;
  return {
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    files: countFiles(layers),
    bytesRead,
    layersAnalyzed,
    layersFromCache,
    advisoriesAsOf: asOf,
    advisorySources: sources,
  };
}

function countFiles(layers: readonly AnalyzedLayer[]): number {
  let files = 0;
  for (const { entries } of layers) for (const { type } of entries) if (type === 'file') files += 1;
  return files;
}
