import type { Observation } from '@tidewaiter/domain';
import { accessKeyOf, factField, type FactContext, type ImageFacts, type KnownVulnerability } from '@tidewaiter/facts';

import type { AlertContext, ImageEvidence } from './alert.js';

/** EPSS from which a vulnerability counts as one that is exploited, as in `File.Exploited`. */
const exploitedEpss = 0.5;

/** What is known of the image and the workload behind an observation that makes an incident certain, or worse. */
export function imageEvidence(observation: Observation, facts: FactContext, place: AlertContext): ImageEvidence[] {
  const image = place.imageDigest === null ? null : facts.facts.image(place.imageDigest);
  return [
    ...fileEvidence(observation, facts),
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
  if (ask('File.AddedSinceDigest') === true) found.push(fact(`${path} was not in the image before the last push`));
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

/** The key that signed a call lies in an image. */
function keyEvidence(observation: Observation, { facts }: FactContext): ImageEvidence[] {
  const key = accessKeyOf(observation);
  const found = key && facts.secretOfKey(key);
  if (found === null) return [];
  const where = found.secret.path === null ? 'the image' : `${found.secret.path} of the image`;
  return [fact(`the access key lies in ${where}`, 'image-secret', 'T1552.001')];
}

function isUpstreamMismatch(path: string, observation: Observation, { facts, digestOf }: FactContext): boolean {
  const digest = digestOf(observation);
  return digest !== null && facts.image(digest)?.flagged.get(path)?.id === 'upstream-content-mismatch';
}

const known = new WeakMap<ImageFacts, ImageEvidence[]>();

/** The same for every event of an image, and asked for at every alert. */
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
    found.push(
      fact(lost ? 'the image is not signed, and the one before it was' : 'the image is not signed', 'unsigned-image'),
    );
  }
  if (image.provenanceVerified === false) found.push(fact('the image has no provenance that can be verified'));
  if (previous !== undefined && previous.digest !== image.digest) {
    const by =
      image.pushedBy !== null && previous.pushedBy !== null && image.pushedBy !== previous.pushedBy
        ? `, pushed by ${image.pushedBy} and not by ${previous.pushedBy}`
        : '';
    found.push(fact(`the tag pointed to ${previous.digest.slice(0, 19)} before${by}`));
  }
  const exploited = worstExploited(image);
  if (exploited !== null) {
    found.push({
      ...fact(`${exploited.id} in ${exploited.package}, which attackers are known to use`),
      vulnerability: exploited,
    });
  }
  return found;
}

function worstExploited(image: ImageFacts): { id: string; package: string } | null {
  let worst: { vulnerability: KnownVulnerability; package: string } | null = null;
  for (const [name, vulnerabilities] of image.vulnerabilities) {
    for (const vulnerability of vulnerabilities) {
      if (!isExploited(vulnerability)) continue;
      if (worst === null || likelihood(vulnerability) > likelihood(worst.vulnerability))
        worst = { vulnerability, package: name };
    }
  }
  return worst && { id: worst.vulnerability.id, package: worst.package };
}

function isExploited({ kev, epss }: KnownVulnerability): boolean {
  return kev || (epss ?? 0) >= exploitedEpss;
}

function likelihood({ kev, epss }: KnownVulnerability): number {
  return (kev ? 1 : 0) + (epss ?? 0);
}

function ofWorkload(observation: Observation, { facts, workloadOf, overridesOf }: FactContext): ImageEvidence[] {
  const ref = workloadOf(observation);
  const workload = ref && facts.workload(ref);
  return [
    ...(workload?.privileged === true ? [fact('the workload is privileged', 'privileged', 'T1610')] : []),
    // What is known of the image says little then of what runs.
    ...(overridesOf(observation)?.includes('command') ? [fact('its pod starts the image with another command')] : []),
  ];
}

function fact(text: string, finding: string | null = null, technique: string | null = null): ImageEvidence {
  return { text, finding, technique, vulnerability: null };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
