import { hash } from 'node:crypto';

import {
  type DigestAlgorithm,
  type EntryTable,
  type FileSink,
  type LayerContent,
  type ReadLayerOptions,
  readLayerFollowingLinks,
  readTree,
  type TreeMember,
} from '@tidewaiter/oci';

import type { Analyzer } from './analyzer.js';
import { FactCollector } from './fact-collector.js';
import type { AnalysisOptions } from './file-readers.js';
import type { AnalyzedLayer } from './layer-facts.js';

export interface LayerOptions
  extends Pick<ReadLayerOptions, 'mediaType' | 'expectedDiffId' | 'limits' | 'progressed'>, AnalysisOptions {}

/** Result of reading and analyzing a layer once. */
export interface LayerAnalysis extends AnalyzedLayer, Pick<LayerContent, 'diffId' | 'uncompressedBytes'> {
  entries: EntryTable;
}

/** Reads a layer with these analyzers; those in `followed` also get the targets of links. */
export async function analyzeLayerWith(
  analyzers: readonly Analyzer[],
  followed: readonly Analyzer[],
  open: () => AsyncIterable<Uint8Array>,
  options: LayerOptions,
): Promise<LayerAnalysis> {
  const collector = new FactCollector(analyzers, options);
  const digests = new ComparedDigests();
  const wantsLink = (path: string) => followed.some((analyzer) => analyzer.wants(path, noHead));
  // Package managers that hard link from a store give the files in it meaningless names.
  const wantsHardlink = (path: string, target: string) =>
    analyzers.some((analyzer) => analyzer.wants(path, noHead) && !analyzer.wants(target, noHead));
  const sink = { ...sinkOf(collector, digests, options), wantsLink, wantsHardlink };
  const content = await readLayerFollowingLinks(open, { ...options, ...sink });
  return { diffId: content.diffId, ...analysisOf(content, collector, digests) };
}

/** Reads a file tree without layers. */
export async function analyzeTreeWith(
  analyzers: readonly Analyzer[],
  members: AsyncIterable<TreeMember>,
  options: AnalysisOptions,
): Promise<Omit<LayerAnalysis, 'diffId'>> {
  const collector = new FactCollector(analyzers, options);
  const digests = new ComparedDigests();
  return analysisOf(await readTree(members, sinkOf(collector, digests, options)), collector, digests);
}

function sinkOf(
  collector: FactCollector,
  digests: ComparedDigests,
  { secretKey, isInspected = false }: AnalysisOptions,
): FileSink {
  const isCompared = isInspected || secretKey !== undefined;
  return {
    wants: (path, head, sizeBytes) => collector.wants(path, head, sizeBytes),
    take: (file) => collector.take(file),
    stream: (path, head, sizeBytes) => collector.stream(path, head, sizeBytes),
    replaced: (path, heir) => collector.forget(path, heir),
    settle: () => collector.settle(),
    digests: (path) => (isCompared ? digests.for(path) : []),
    ...(!isInspected && { needsDigests: (path: string) => collector.needsDigests(path) }),
  };
}

function analysisOf(
  content: Omit<LayerContent, 'diffId'>,
  collector: FactCollector,
  digests: ComparedDigests,
): Omit<LayerAnalysis, 'diffId'> {
  const { uncompressedBytes, entries } = content;
  const facts = collector.facts(content);
  const message = 'layer of two package managers: some of its files could not be compared with what their package says';
  if (digests.isMixed) facts.warnings.push({ code: 'DIGESTS_MIXED', path: null, message });
  return { uncompressedBytes, entries, facts };
}

const noHead = new Uint8Array();

/** Directories in which no package of a distribution has files. */
const neverOwned = /^(app|home|root|run|srv|tmp|usr\/local|var\/(cache|log|tmp))\//;
/** Paths of only apk, or of only dpkg and rpm, that come early in a tar. */
const apkEvidence = /^(etc|lib|usr\/lib)\/apk\//;
const otherEvidence = /^((etc|var\/lib|usr\/lib|usr\/share)\/(apt|dpkg|rpm|yum)\/|(usr\/)?lib\/[a-z0-9_]+-linux-gnu\/)/;

const sha256Only = ['sha256'] as const;
const ofApk = ['sha256', 'sha1'] as const;
const ofOthers = ['sha256', 'md5'] as const;
const ofAny = ['sha256', 'md5', 'sha1'] as const;

/**
 * Digests that package databases may compare with: md5 for dpkg and old rpm, sha1 for apk, sha256
 * for all others. Once a layer shows one family it will not have the other, so hashing for both
 * ends.
 */
class ComparedDigests {
  #isApk = false;
  #isOther = false;

  /**
   * Whether a layer shows both families, which no legitimate one does: some files then lack their
   * database's digest.
   */
  get isMixed(): boolean {
    return this.#isApk && this.#isOther;
  }

  for(path: string): readonly DigestAlgorithm[] {
    if (neverOwned.test(path)) return sha256Only;
    this.#isApk ||= apkEvidence.test(path);
    this.#isOther ||= otherEvidence.test(path);
    if (this.#isApk === this.#isOther) return ofAny;
    return this.#isApk ? ofApk : ofOthers;
  }
}

/** Hash of the names and versions of the analyzers. */
export function versionOf(analyzers: readonly Analyzer[]): string {
  const names = analyzers.map(({ name, version }) => `${name}@${version}`).toSorted();
  return hash('sha256', names.join(',')).slice(0, 16);
}
