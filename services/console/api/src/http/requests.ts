import { levels } from '@tidewaiter/detection';
import { type Digest, incidentStates, InvalidInput, isDigest, severities } from '@tidewaiter/domain';
import { messageKinds, previewChannels } from '@tidewaiter/messages';
import { deliveryStates, type ImageCursor, pushStates, readCursor } from '@tidewaiter/store';
import { z } from 'zod';

const thresholdPattern = new RegExp(`^(new:)?(${severities.join('|')})$`);

/** Paging parameters of every list. */
export const pageQuery = z.strictObject({
  /** Items on a page. */
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `next` of the previous page. */
  after: z.string().max(200).transform(readCursor).optional(),
});

/** Filter of pushes; without a state signatures, attestations and charts are left out. */
export const pushesQuery = pageQuery.extend({ state: z.enum(pushStates).optional() });

/** The cursor of images names a push and an image of it. */
export const imagesQuery = pageQuery.extend({ after: z.string().max(200).transform(readImageCursor).optional() });

export const findingsQuery = z.strictObject({
  /** Id of the push whose repository and tag select the exceptions; by default the newest push of the image. */
  push: z.uuid().optional(),
});

export const incidentsQuery = pageQuery.extend({
  state: z.enum(incidentStates).optional(),
  severity: z.enum(severities).optional(),
});

/** The cursor of alerts is the id of an alert, which need not be a UUID. */
export const alertsQuery = pageQuery.extend({
  after: z.string().min(1).max(200).optional(),
  severity: z.enum(levels).optional(),
  /** Id of the incident to which they belong. */
  incident: z.uuid().optional(),
});

/** `web`, `Deployment/web` or `shop/Deployment/web`. */
const workloadName = z
  .string()
  .max(400)
  .regex(/^(?:(?:[^/]+\/)?[^/]+\/)?[^/]+$/, 'a name, Kind/name or namespace/Kind/name')
  .transform((text) => {
    const [name, kind, namespace] = text.split('/').toReversed();
    return { name, ...(kind !== undefined && { kind }), ...(namespace !== undefined && { namespace }) };
  });

/** The cursor of findings of workloads is a number. */
export const workloadFindingsQuery = pageQuery.extend({
  after: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  cluster: z.string().max(253).optional(),
  namespace: z.string().max(253).optional(),
  workload: workloadName.optional(),
  check: z.string().max(100).optional(),
  severity: z.enum(severities).optional(),
  /** `ended`: fixed, or the workload is deleted. */
  state: z.enum(['open', 'ended']).default('open'),
  /** Digest of an image that the workload runs, or ran in the last day. */
  image: z.string().max(200).transform(readDigest).optional(),
});

/** The cursor of rules is a number. */
export const rulesQuery = pageQuery.extend({
  after: z
    .string()
    .regex(/^\d{1,9}$/)
    .optional(),
  state: z.enum(['loaded', 'refused']).optional(),
});

export const deadLettersQuery = pageQuery.extend({
  /** Includes those that were redriven. */
  all: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
});

const deliveryFilter = {
  receiver: z.string().min(1).max(1_000).optional(),
  /** `fallen-back`: failed, and sent to the fallback receiver instead. */
  state: z.enum(deliveryStates).optional(),
  since: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
  /** Id of the incident that they are about. */
  incident: z.uuid().optional(),
  /** Id of the push that they are about. */
  push: z.uuid().optional(),
};

export const deliveriesQuery = pageQuery.extend(deliveryFilter);

export const redriveOneBody = z
  .strictObject({
    /** Whether to send an accepted message again, as a delivery marked as a repetition. */
    again: z.boolean().default(false),
  })
  .prefault({});

export const redriveManyBody = z
  .strictObject({ ...deliveryFilter, state: z.enum(['failed', 'retrying', 'fallen-back']).optional() })
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), 'say which: everything is too much');

export const mailPreviewQuery = z.strictObject({ kind: z.enum(messageKinds) });

export const previewQuery = mailPreviewQuery.extend({
  /** Format of the preview: text of a mail, its HTML, or Slack's blocks. */
  channel: z.enum(previewChannels).default('text'),
});

const matcherTexts = z.array(z.string().min(1).max(4_096)).min(1).max(64);

export const silencesQuery = pageQuery.extend({
  /** Includes those that have ended. */
  all: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
});

export const silencePreviewBody = z.strictObject({
  /** Matchers in Alertmanager's syntax, such as `severity="low"`; all must match. */
  matchers: matcherTexts,
});

export const silenceBody = silencePreviewBody.extend({
  /** Defaults to now. */
  startsAt: z.iso.datetime({ offset: true }).optional(),
  endsAt: z.iso.datetime({ offset: true }),
  comment: z.string().min(1).max(2_000),
});

export const replayBody = z
  .strictObject({
    /** Content of a `routing.yaml`. Files that it names are not read. */
    routing: z.string().min(1).max(1_048_576),
    since: z.iso.datetime({ offset: true }),
    /** Defaults to now. */
    until: z.iso.datetime({ offset: true }).optional(),
    /** Limits the result to one receiver. */
    receiver: z.string().min(1).max(1_024).optional(),
  })
  .transform(({ since, until, ...rest }) => ({
    ...rest,
    since: new Date(since),
    until: until === undefined ? new Date() : new Date(until),
  }));

const imageName = z.string().min(1).max(1_024);

export const gateBody = z.strictObject({
  /** `registry.example.com/shop/cart:1.2`, or `@` and a digest. */
  image: imageName,
  /** Image that it replaces; defaults to the baseline of its push. */
  against: imageName.optional(),
  /** `high`, or `new:high` for findings that the change introduced; by default the rules for every push apply. */
  failOn: z.string().regex(thresholdPattern, 'expected a severity, or new: and a severity').optional(),
});

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const digest = z.string().toLowerCase().refine(isDigest, 'expected sha256: and 64 hex digits');

/** Conditions of a search across the fleet; all must match. */
const blastConditions = {
  /** `CVE-2021-44228`, or the id of any advisory about it. */
  vulnerability: z.string().min(1).max(500).optional(),
  /** `pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1`; without its version and what follows, all versions. */
  purl: z.string().startsWith('pkg:').max(2_000).optional(),
  /** `openssl<3.0.14`, `openssl>=3.0.0,<3.0.14`: by name, name of the source package or purl. */
  package: z.string().min(1).max(2_000).optional(),
  /** `<3.0.14`: versions of the package. */
  version: z.string().min(1).max(500).optional(),
  /** SHA-256 of the content of a file, as `sha256:…`; empty files are not indexed. */
  file: digest.optional(),
  /** `/usr/bin/curl`: a file or link in any layer, including one that a later layer deletes. */
  path: z.string().startsWith('/').max(4_096).optional(),
  /** A diffID, or the digest of a blob. */
  layer: digest.optional(),
  /** `debian:12`, or the digest of a base image. */
  base: z.string().min(1).max(1_000).optional(),
  /** Fingerprint of a secret's value, as in findings. */
  secret: z
    .string()
    .toLowerCase()
    .regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits')
    .optional(),
  /** Digest of an image, an index or a configuration. */
  image: digest.optional(),
  /** Name, key fingerprint or certificate identity of the signer. */
  signer: z.string().min(1).max(2_000).optional(),
  /** Images that a tag pointed to, or that ran, at this time or later. */
  since: time.optional(),
  /** Images that a tag pointed to, or that ran, at this time or before. */
  until: time.optional(),
  /** Limits the search to running images. */
  running: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
};

/** The cursor of images names a push and an image; that of containers is the id of a container. */
export const blastRadiusQuery = pageQuery.extend({ ...blastConditions, after: z.string().min(1).max(200).optional() });

export const searchQuery = z.strictObject({
  /** Id of a vulnerability or incident, a package, digest, fingerprint, path, repository or workload. */
  q: z.string().trim().min(1).max(1_000),
});

export const sessionBody = z.strictObject({ token: z.string().max(200) });

/** @throws InvalidInput `CURSOR_INVALID` */
function readImageCursor(text: string): ImageCursor {
  const [pushId = '', digest = ''] = text.split('.');
  if (!isDigest(digest)) throw new InvalidInput('CURSOR_INVALID', 'not a cursor that this API gave out');
  return { pushId: readCursor(pushId), digest };
}

/** @throws InvalidInput `INPUT_INVALID`, naming every wrong key and never a value; `CURSOR_INVALID` */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '));
  throw new InvalidInput('INPUT_INVALID', problems.join('; '));
}

/** @throws InvalidInput `ID_INVALID` */
export function readId(text: string): string {
  if (z.uuid().safeParse(text).success) return text;
  throw new InvalidInput('ID_INVALID', 'not an id: ids are UUIDs');
}

/** @throws InvalidInput `DIGEST_INVALID` */
export function readDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new InvalidInput('DIGEST_INVALID', 'not a digest: sha256: and 64 hex digits');
}
