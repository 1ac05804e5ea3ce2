import {
  AccessDenied,
  type Digest,
  type Finding,
  limitJsonValues,
  MalformedFile,
  TidewaiterError,
  Unavailable,
} from '@tidewaiter/domain';
import { storableText, type Warning } from '@tidewaiter/oci';

import type { SbomSource, UnsignedSbom } from './artifact.js';
import type { ArtifactPlace } from './find-artifacts.js';
import { at, listAt, textAt } from './json-path.js';
import { sbomLimits } from './limits.js';
import { type ComparedSbom, unsignedSbomFinding } from './sbom-finding.js';
import { isSbomPredicate } from './statement.js';

/** Findings about unsigned SBOMs, with warnings about unreadable ones. */
export interface UnsignedSbomFindings {
  findings: Finding[];
  warnings: Warning[];
  /** Whether the registry has given all of them. */
  isComplete: boolean;
}

type Differences = ComparedSbom['differences'] & { agreed: number };

/**
 * Reads the unsigned SBOMs of an image one after the other, and compares them. Of several from one
 * source only the one that agrees with most packages counts: builders also attest the stages of a
 * build, and tools write the same SBOM in several formats.
 * @param compare returns the differences of a parsed SBOM from the packages of the image
 */
export async function unsignedSbomFindings(
  place: Pick<ArtifactPlace, 'blob'>,
  { repository, digest }: { repository: string; digest: Digest },
  sboms: readonly UnsignedSbom[],
  compare: (document: unknown) => Differences,
): Promise<UnsignedSbomFindings> {
  const best = new Map<SbomSource, ComparedSbom & { differences: Differences }>();
  const warnings: Warning[] = [];
  const warn = (code: string, message: string) => warnings.push({ code, path: null, message });
  let isComplete = true;
  const taken = withinLimits(sboms);
  if (taken.length < sboms.length) warn('PROVENANCE_CUT', 'more unsigned SBOMs, or larger ones, than are compared');
  for (const sbom of taken) {
    try {
      const document = await readSbom(place, sbom, digest);
      if (document === undefined) continue;
      const compared = { ...sbom, tools: toolsOf(document), differences: compare(document) };
      const other = best.get(sbom.source);
      if (!other || isCloser(compared.differences, other.differences)) best.set(sbom.source, compared);
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      warn('PROVENANCE_UNREADABLE', `unsigned SBOM in ${sbom.artifact}: ${error.message}`);
      isComplete &&= !(error instanceof Unavailable || error instanceof AccessDenied);
    }
  }
  return {
    findings: [...best.values()].flatMap((each) => unsignedSbomFinding(repository, each)),
    warnings,
    isComplete,
  };
}

function withinLimits(sboms: readonly UnsignedSbom[]): UnsignedSbom[] {
  const { maxSboms, maxSbomBytes, maxTotalBytes } = sbomLimits;
  const taken: UnsignedSbom[] = [];
  let bytes = 0;
  for (const sbom of sboms) {
    const { size } = sbom.blob;
    if (taken.length === maxSboms || size > maxSbomBytes || bytes + size > maxTotalBytes) continue;
    taken.push(sbom);
    bytes += size;
  }
  return taken;
}

function isCloser(one: Differences, other: Differences): boolean {
  return one.agreed === other.agreed
    ? one.unlisted.length + one.absent.length < other.unlisted.length + other.absent.length
    : one.agreed > other.agreed;
}

/** SBOM of the image; undefined for one that is about another image, or about others, too. */
async function readSbom(
  place: Pick<ArtifactPlace, 'blob'>,
  { blob, subject, isStatement }: UnsignedSbom,
  image: Digest,
): Promise<unknown> {
  const document = parse(Buffer.concat(await Array.fromAsync(place.blob(blob))));
  const hash = image.slice('sha256:'.length);
  if (isStatement) {
    const isSbom = isSbomPredicate(textAt(document, 'predicateType') ?? '');
    const isAboutImage = listAt(document, 'subject').some((each) => at(each, 'digest', 'sha256') === hash);
    return isSbom && isAboutImage ? at(document, 'predicate') : undefined;
  }
  return subject === image || namesImage(document, hash) ? document : undefined;
}

/** @throws MalformedFile; LimitExceeded `maxJsonValues` */
function parse(content: Buffer): unknown {
  const text = content.toString('utf8');
  limitJsonValues(text, sbomLimits.maxValues);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MalformedFile('no JSON', { cause });
  }
}

/**
 * Whether the document calls an image with this hash its subject. The SBOM of an index may be that
 * of any of its platforms, unless it names one.
 */
function namesImage(document: unknown, hash: string): boolean {
  const subject = at(document, 'metadata', 'component');
  const isContainer = (each: unknown) => at(each, 'primaryPackagePurpose') === 'CONTAINER';
  const roots = [subject, ...listAt(document, 'packages').filter(isContainer)].filter((each) => each !== undefined);
  return roots.length === 1 && namesOf(roots[0]).some((name) => name.includes(hash));
}

/** Places where tools write the digest of an image. */
function namesOf(root: unknown): string[] {
  const locators = listAt(root, 'externalRefs').map((reference) => textAt(reference, 'referenceLocator'));
  return [textAt(root, 'purl'), textAt(root, 'version'), textAt(root, 'versionInfo'), ...locators].filter(
    (name) => name !== null,
  );
}

const maxTools = 4;

/** Tools that have written the document, as it claims. */
function toolsOf(document: unknown): string[] {
  const creators = listAt(document, 'creationInfo', 'creators').map((creator) =>
    typeof creator === 'string' ? /^Tool: {0,8}([^]{1,128})$/.exec(creator)?.[1] : undefined,
  );
  const tools = [...listAt(document, 'metadata', 'tools'), ...listAt(document, 'metadata', 'tools', 'components')];
  const named = tools.map((tool) =>
    [textAt(tool, 'name'), textAt(tool, 'version')].filter((part) => part !== null).join(' '),
  );
  return [...creators, ...named]
    .filter((name) => name !== undefined && name !== '')
    .slice(0, maxTools)
    .map((name) => storableText(name!, 128));
}
