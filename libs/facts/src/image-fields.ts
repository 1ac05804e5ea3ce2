import type { FactField } from './fact-field.js';
import type { ImageFacts, VulnerabilityView } from './facts.js';
import { roleOf } from './role.js';

const notScanned = 'the image is unknown';

export const imageFields: readonly FactField[] = [
  {
    name: 'Image.Digest',
    type: 'text',
    meaning:
      'Digest of the manifest that the container runs; for a call signed with a key found in an image, that image.',
    unknownWhen: 'neither the sensor nor the ledger names the manifest',
    answer: ({ digest }) => digest,
  },
  {
    name: 'Image.Tag',
    type: 'text',
    meaning: 'The tag by which the image runs, else the one that it was pushed with.',
    unknownWhen: 'it has none',
    answer: ({ image, observation }) => observation.container?.imageTag ?? image?.tag,
  },
  {
    name: 'Image.Repository',
    type: 'text',
    meaning: 'The repository with its registry.',
    unknownWhen: 'no source names it',
    answer: ({ image, observation }) => observation.container?.imageRepository ?? image?.repository,
  },
  {
    name: 'Image.PublicRegistry',
    type: 'boolean',
    meaning: 'Whether it comes from a registry where anybody may push, such as Docker Hub.',
    unknownWhen: 'the repository is unknown',
    answer: ({ image, observation }) => isPublic(image?.repository ?? observation.container?.imageRepository ?? null),
  },
  {
    name: 'Image.Scanned',
    type: 'boolean',
    meaning: 'Whether this installation has analyzed the image.',
    unknownWhen: 'the digest is unknown',
    answer: ({ digest, image, context }) => (digest === null ? null : (context.policy.imageScanned ?? image !== null)),
  },
  {
    name: 'Image.Signed',
    type: 'boolean',
    meaning: 'Whether a signature was verified.',
    unknownWhen: 'no look-up took place',
    answer: ({ image }) => image?.signed,
  },
  {
    name: 'Image.SignerChanged',
    type: 'boolean',
    meaning:
      'Whether the baseline (what the tag pointed to, or else the release before it) was signed, and this image is not, or by another signer.',
    unknownWhen: 'the baseline was not signed, or one of the two was never examined',
    answer: ({ image }) => image?.signerChanged,
  },
  {
    name: 'Image.ProvenanceVerified',
    type: 'boolean',
    meaning: 'Whether it has signed provenance.',
    unknownWhen: 'no look-up took place',
    answer: ({ image }) => image?.provenanceVerified,
  },
  {
    name: 'Image.TagMoved',
    type: 'boolean',
    meaning: 'Whether its tag pointed to another image before.',
    unknownWhen: notScanned,
    answer: ({ image }) => image && image.previous.some(({ isOfTag }) => isOfTag),
  },
  {
    name: 'Image.PusherChanged',
    type: 'boolean',
    meaning:
      'Whether another account pushed it than the baseline (what the tag pointed to, or else the release before it).',
    unknownWhen: 'there is no baseline, or the registry does not name the pusher',
    answer: ({ image, previous }) =>
      image?.pushedBy && previous?.pushedBy ? image.pushedBy !== previous.pushedBy : null,
  },
  {
    name: 'Image.EntrypointChanged',
    type: 'boolean',
    meaning:
      'Whether it starts another program than the baseline (what the tag pointed to, or else the release before it).',
    unknownWhen: 'there is no baseline, or its configuration was not stored',
    answer: ({ image, previous }) => image && previous?.entrypoint && !sameTexts(image.entrypoint, previous.entrypoint),
  },
  {
    name: 'Image.AgeHours',
    type: 'number',
    meaning: 'Hours since it was pushed, else since it was built.',
    unknownWhen: 'neither is known',
    answer: ({ image, observation }) => image && hoursSince(image.pushedAt ?? image.createdAt, observation.timeMs),
  },
  {
    name: 'Image.FirstSeen',
    type: 'boolean',
    meaning:
      'Whether the cluster had never run this image before. A container that runs for the learning period is no first one.',
    unknownWhen: 'the cluster was not watched for long enough',
    answer: ({ digest, observation, context }) => {
      if (digest === null) return null;
      const { cluster, timeMs } = observation;
      const isFirst = context.policy.imageFirstSeen ?? context.habits?.isFirstSeen(digest, cluster, timeMs);
      const startedAtMs = context.startedAtOf(observation) ?? timeMs;
      return isFirst ?? (timeMs - startedAtMs >= context.policy.learningMs ? false : null);
    },
  },
  {
    name: 'Image.Role',
    type: 'text',
    meaning:
      'Role: `builder`, `debug`, `security`, `dev`, else `app`. From the policy and labels of the namespace, else recognized: a build program of the image that the container was started with, a pod that an administrator created by hand.',
    unknownWhen: 'the namespace is unknown',
    answer: roleOf,
  },
  {
    name: 'Image.Exploited',
    type: 'boolean',
    meaning:
      'Whether one of its vulnerabilities is known to be exploited (KEV), or likely to be (EPSS of 0.5 or more).',
    unknownWhen: notScanned,
    answer: ({ image }) => image && exploitedIn(image).length > 0,
  },
  {
    name: 'Image.ExploitedVulns',
    type: 'list',
    meaning: 'Ids of those vulnerabilities.',
    unknownWhen: notScanned,
    answer: ({ image }) => image && [...new Set(exploitedIn(image).map(({ id }) => id))],
  },
  {
    name: 'Image.Flagged',
    type: 'list',
    meaning: 'Ids of its findings of integrity and malware.',
    unknownWhen: notScanned,
    answer: ({ image }) => image && [...new Set([...image.flagged.values()].map(({ id }) => id))].toSorted(),
  },
  {
    name: 'Image.SupplyChainFindings',
    type: 'list',
    meaning: 'Ids of its supply-chain findings that are medium or worse: `release-tag-moved`, `identity-missing`.',
    unknownWhen: notScanned,
    answer: ({ image }) => image && [...(image.supplyChain ?? [])],
  },
];

/** Registries in which anyone can register a namespace. */
const publicRegistries = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'quay.io',
  'ghcr.io',
  'public.ecr.aws',
  'registry.gitlab.com',
]);

function isPublic(repository: string | null): boolean | null {
  if (repository === null) return null;
  const [host = '', ...rest] = repository.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(host) || host === 'localhost');
  // A name without a host belongs to Docker Hub.
  return !hasHost || publicRegistries.has(host);
}

export function isExploited({ kev, epss }: VulnerabilityView): boolean {
  return kev || (epss ?? 0) >= 0.5;
}

const exploited = new WeakMap<ImageFacts, VulnerabilityView[]>();

function exploitedIn(image: ImageFacts): VulnerabilityView[] {
  let found = exploited.get(image);
  if (!found) exploited.set(image, (found = [...image.vulnerabilities.values()].flat().filter(isExploited)));
  return found;
}

function hoursSince(at: string | null, nowMs: number): number | null {
  const atMs = at === null ? NaN : Date.parse(at);
  return Number.isNaN(atMs) ? null : Math.max(0, (nowMs - atMs) / 3_600_000);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
