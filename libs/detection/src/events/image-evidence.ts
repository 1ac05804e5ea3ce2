import { notSignedText, type Observation } from '@tidewaiter/domain';
import {
  accessKeyOf,
  factField,
  type FactContext,
  type ImageFacts,
  isInArchive,
  isJavaArchive,
  javaArchivesOf,
  type VulnerabilityView,
} from '@tidewaiter/facts';

import type { AlertContext, ImageEvidence } from '../alerts/alert.js';

/** EPSS from which a vulnerability counts as exploited, as in `File.Exploited`. */
const exploitedEpss = 0.5;

/**
 * Facts about the image and the workload of an observation that make an incident certain or worse.
 */
export function imageEvidence(observation: Observation, facts: FactContext, place: AlertContext): ImageEvidence[] {
  const image = place.imageDigest === null ? null : facts.facts.image(place.imageDigest);
  return [
    ...fileEvidence(observation, facts),
    ...(image === null ? [] : archiveEvidence(observation, image)),
    ...keyEvidence(observation, facts),
    ...(image === null ? [] : ofImage(image)),
    ...ofWorkload(observation, facts),
  ];
}

function fileEvidence(observation: Observation, facts: FactContext): ImageEvidence[] {
  const ask = (name: string) => factField(name, observation, facts);
  const { activity, process, file } = observation;
  const path = activity === 'exec' || file === null ? process?.executable : file.path;
  if (!path) return [];
  const owner = ask('File.Package');
  const found: ImageEvidence[] = [];
  if (ask('File.InImage') === false && (activity === 'exec' || activity === 'load'))
    found.push(fact(`${path} is not in the image`));
  if (ask('File.ContentMatches') === false) found.push(fact(`${path} differs from the file in the image`));
  if (ask('File.PackageContentMatches') === false) {
    found.push(
      fact(
        `${path} differs from its package${typeof owner === 'string' ? ` ${owner}` : ''}`,
        'package-content-mismatch',
        'T1195.002',
      ),
    );
  }
  if (isUpstreamMismatch(path, observation, facts)) {
    found.push(fact(`${path} differs from the published release`, 'upstream-content-mismatch', 'T1195.002'));
  }
  if (ask('File.Malware') === true) found.push(fact(`${path} is known malware`, 'malware', 'T1204.003'));
  if (ask('File.AddedSinceDigest') === true) found.push(fact(`${path} was added to the image by the last push`));
  if (ask('File.Exploited') === true && typeof owner === 'string') {
    const [id] = textsOf(ask('File.PackageVulns'));
    if (id !== undefined)
      found.push({
        ...fact(`${id} in ${owner}, which is in use`, 'in-use-vulnerability'),
        vulnerability: { id, package: owner },
      });
  }
  return found;
}

/**
 * An exploited vulnerability inside an archive that the process, or its parent, was started with or
 * reads.
 */
function archiveEvidence({ process, file }: Observation, image: ImageFacts): ImageEvidence[] {
  const archives = [
    ...(process === null ? [] : javaArchivesOf(process)),
    ...(file !== null && isJavaArchive(file.path) ? [file.path] : []),
  ];
  if (archives.length === 0) return [];
  const used = exploitedOf(image).filter(
    ({ vulnerability: { location } }) =>
      location !== null && archives.some((archive) => isInArchive(location, archive)),
  );
  return used.slice(0, 1).map(({ vulnerability, package: name }) => ({
    ...fact(`${exploitedText(vulnerability, name)} is in use`, 'in-use-vulnerability'),
    vulnerability: { id: vulnerability.id, package: name },
  }));
}

/** Evidence that the key which signed a call was found in an image. */
function keyEvidence(observation: Observation, { facts }: FactContext): ImageEvidence[] {
  const key = accessKeyOf(observation);
  const found = key && facts.secretOfKey(key);
  if (found === null) return [];
  const where = found.secret.path === null ? 'the image' : `${found.secret.path} of the image`;
  return [fact(`the access key was found in ${where}`, 'image-secret', 'T1552.001')];
}

function isUpstreamMismatch(path: string, observation: Observation, { facts, digestOf }: FactContext): boolean {
  const digest = digestOf(observation);
  return digest !== null && facts.image(digest)?.flagged.get(path)?.id === 'upstream-content-mismatch';
}

const known = new WeakMap<ImageFacts, ImageEvidence[]>();

/**
 * Evidence about the image alone, cached: it is the same for all its events, and each alert needs
 * it.
 */
function ofImage(image: ImageFacts): ImageEvidence[] {
  let evidence = known.get(image);
  if (evidence === undefined) known.set(image, (evidence = readImage(image)));
  return evidence;
}

function readImage(image: ImageFacts): ImageEvidence[] {
  const found: ImageEvidence[] = [];
  const [previous] = image.previous;
  if (image.signed === false) {
    const lost = image.signerChanged === true || previous?.signed === true;
    found.push(fact(lost ? `${notSignedText}, unlike the previous one` : notSignedText, 'unsigned-image'));
  }
  if (image.provenanceVerified === false) found.push(fact('the image has no verified provenance'));
  if (image.isReproduced === false)
    found.push(fact('a rebuild of its sources gives other content', 'not-reproduced', 'T1204.003'));
  if (previous !== undefined && previous.digest !== image.digest) {
    const by =
      image.pushedBy !== null && previous.pushedBy !== null && image.pushedBy !== previous.pushedBy
        ? `, pushed by ${image.pushedBy} instead of ${previous.pushedBy}`
        : '';
    const before = previous.digest.slice(0, 19);
    if (previous.isOfTag) found.push(fact(`the tag pointed to ${before} before${by}`));
    else if (by !== '') found.push(fact(`the previous release is ${before}${by}`));
  }
  const [exploited] = exploitedOf(image);
  if (exploited !== undefined) {
    const { vulnerability, package: name } = exploited;
    const how = vulnerability.kev ? 'known to be exploited' : 'likely to be exploited';
    found.push({
      ...fact(`${exploitedText(vulnerability, name)}: ${how}`),
      vulnerability: { id: vulnerability.id, package: name },
    });
  }
  return found;
}

interface Exploited {
  vulnerability: VulnerabilityView;
  package: string;
}

/** Formats as `CVE-2021-44228 (KEV) in log4j-core at /app/lib/log4j-core-2.14.1.jar`. */
function exploitedText({ id, kev, location }: VulnerabilityView, name: string): string {
  return `${id}${kev ? ' (KEV)' : ''} in ${name}${location === null ? '' : ` at ${location}`}`;
}

const exploitedOfImage = new WeakMap<ImageFacts, Exploited[]>();

/** Exploited vulnerabilities with the name of their package, the likeliest first. */
function exploitedOf(image: ImageFacts): Exploited[] {
  let found = exploitedOfImage.get(image);
  if (found === undefined) exploitedOfImage.set(image, (found = readExploited(image)));
  return found;
}

function readExploited(image: ImageFacts): Exploited[] {
  return [...image.vulnerabilities]
    .filter(([key]) => !key.startsWith('/'))
    .flatMap(([name, vulnerabilities]) =>
      vulnerabilities.filter(isExploited).map((vulnerability) => ({ vulnerability, package: name })),
    )
    .toSorted((a, b) => likelihood(b.vulnerability) - likelihood(a.vulnerability));
}

function isExploited({ kev, epss }: VulnerabilityView): boolean {
  return kev || (epss ?? 0) >= exploitedEpss;
}

function likelihood({ kev, epss }: VulnerabilityView): number {
  return (kev ? 1 : 0) + (epss ?? 0);
}

function ofWorkload(observation: Observation, { facts, workloadOf, overridesOf }: FactContext): ImageEvidence[] {
  const ref = workloadOf(observation);
  const workload = ref && facts.workload(ref);
  return [
    ...(workload?.privileged === true ? [fact('the workload is privileged', 'privileged', 'T1610')] : []),
    // With another command, facts about the image say little about the process.
    ...(overridesOf(observation)?.includes('command') ? [fact('the pod overrides the command of the image')] : []),
  ];
}

function fact(text: string, finding: string | null = null, technique: string | null = null): ImageEvidence {
  return { text, finding, technique, vulnerability: null };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
