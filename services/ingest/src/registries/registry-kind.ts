import { createHash } from 'node:crypto';

import { isDigest, type Digest, type Secret } from '@tidewaiter/domain';
import { redactSecrets } from '@tidewaiter/secrets';

import { authorizationEquals, readText, readTime, secretEquals, type HookRequest } from '../hook-request.js';

/** How one kind of registry tells of pushes. Pure: no clock, no network, nothing kept between two requests. */
export interface RegistryKind {
  /** The word of `kind:` in the configuration. */
  kind: string;
  /** Other words that mean the same. */
  aliases: readonly string[];
  /** For people. */
  title: string;
  setup: Setup;
  /**
   * Whether the sender proved to know the connection's secret, judged on the raw request. Asked only where a secret is
   * configured; whether a connection may go without one is the caller's decision.
   */
  authenticate(request: HookRequest, secret: Secret): boolean;
  /** How a request can prove its sender without a secret; the caller checks it, with keys that are published. */
  proof?: 'sns' | 'google';
  /** What the sender wants to hear before it sends anything; null where the request is no such question. */
  handshake?(request: HookRequest): Handshake | null;
  /** @throws InvalidInput when the body as a whole is not of this kind; one bad event is counted as `malformed` instead */
  parse(request: HookRequest, settings?: KindSettings): ParsedHook;
}

/** How it is connected, in Markdown: the page of each kind is made of this. */
export interface Setup {
  /** An example of the registry's address. */
  url: string;
  /** How a request proves its sender. */
  proof: string;
  /** By what a repeated delivery is recognised. */
  repetition: string;
  /** What to do in the registry. */
  steps: readonly string[];
  /** What else is good to know. */
  note: string;
}

/** What the configuration says of how to read a connection's bodies. */
export interface KindSettings {
  fields?: GenericFields | undefined;
}

/** Paths into JSON, `data.repository`, that say what stands where. */
export interface GenericFields {
  /** Of a list with an event each; the whole body is one event without it. */
  events?: string | undefined;
  /** Whose values say whether something was pushed or deleted; everything is a push without it. */
  action?: string | undefined;
  push?: readonly string[] | undefined;
  delete?: readonly string[] | undefined;
  repository: string;
  tag?: string | undefined;
  digest?: string | undefined;
  mediaType?: string | undefined;
  registry?: string | undefined;
  actor?: string | undefined;
  at?: string | undefined;
  id?: string | undefined;
}

/** An answer with status 200. */
export interface Handshake {
  headers: Readonly<Record<string, string>>;
  body: object | null;
}

/** Why something that arrived is no event for us. */
export type IgnoreReason = 'pull' | 'blob' | 'scan' | 'ping' | 'subscription-confirmation' | 'ignore' | 'malformed';

export interface ParsedHook {
  events: RegistryEvent[];
  /** How many were left out, by {@link IgnoreReason}; a reason that did not occur is absent. */
  ignored: Record<string, number>;
}

/** One push or deletion as a registry tells it. Claims, not facts: the registry itself is asked before anything is done. */
export interface RegistryEvent {
  outcome: 'push' | 'delete';
  /** Host that the body names; a hint only, it is shaped by clients and proxies. */
  registry: string | null;
  repository: string;
  /** A push has a tag or a digest or both; a deletion with neither means the whole repository. */
  tag: string | null;
  digest: Digest | null;
  mediaType: string | null;
  /** Anything but `image` belongs to another image and is never scanned as one. `image` when unknown. */
  artifact: 'image' | 'signature' | 'attestation' | 'sbom' | 'referrers-index';
  /** Digest of the image that a signature, attestation, SBOM or referrers index is about. */
  attachedTo: Digest | null;
  actor: string | null;
  /** ISO 8601 in UTC, by the registry's clock. */
  at: string | null;
  /** The same for the same event when it is delivered again; unique within one connection. */
  deliveryKey: string;
}

/** What a body says about an event, unread. */
export interface Claims {
  registry: unknown;
  repository: unknown;
  /** Whether its repositories may have capitals, which those of OCI have not. */
  hasCapitals?: boolean;
  tag: unknown;
  digest: unknown;
  mediaType?: unknown;
  actor: unknown;
  at: unknown;
  deliveryKey: string;
}

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const capitalsToo = new RegExp(repositoryPattern, 'i');
const maxNameChars = 255;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const hostPattern = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?$/;

/** The event that the claims make; `malformed` when nobody could tell what was pushed or deleted. */
export function registryEvent(outcome: RegistryEvent['outcome'], claims: Claims): RegistryEvent | 'malformed' {
  const repository = matching(claims.hasCapitals ? capitalsToo : repositoryPattern, claims.repository);
  if (repository === null) return 'malformed';
  const tag = matching(tagPattern, claims.tag);
  const digest = isDigest(claims.digest) ? claims.digest : null;
  // A deletion whose tag we cannot read must not pass for the deletion of the whole repository.
  const named = Boolean(claims.tag) || Boolean(claims.digest);
  if (tag === null && digest === null && (outcome === 'push' || named)) return 'malformed';
  return {
    outcome,
    registry: matching(hostPattern, claims.registry),
    repository,
    tag,
    digest,
    mediaType: readText(claims.mediaType),
    ...attachment(tag),
    actor: readText(claims.actor),
    at: readTime(claims.at),
    deliveryKey: claims.deliveryKey,
  };
}

/** Sorts what was read into events and counted reasons. */
export function collect(outcomes: Iterable<RegistryEvent | IgnoreReason>): ParsedHook {
  const parsed: ParsedHook = { events: [], ignored: {} };
  for (const outcome of outcomes) {
    if (typeof outcome === 'object') parsed.events.push(outcome);
    else parsed.ignored[outcome] = (parsed.ignored[outcome] ?? 0) + 1;
  }
  return parsed;
}

/** The sender's own id of a delivery as a short printable key; null when it gave none. */
export function ownKey(id: unknown): string | null {
  if (typeof id !== 'string' || id === '') return null;
  // Senders make ids of URLs, with a password in them at times.
  return /^[\x20-\x7e]{1,200}$/.test(id) && redactSecrets(id) === id ? id : sha256(id);
}

/** The key of a delivery whose sender has no ids: the same bytes are the same delivery. */
export function bodyKey(body: Buffer): string {
  return sha256(body);
}

/** Whether the request's URL carries the secret: `?token=` for senders that can do no better, or Basic's password, which some make of `user:secret@`. */
export function urlSecretEquals(request: HookRequest, secret: Secret): boolean {
  return secretEquals(request.query?.['token'], secret) || authorizationEquals(request, secret);
}

/** CloudEvents: source and id together are unique. */
export function cloudEventKey(source: unknown, id: unknown): string | null {
  return typeof source === 'string' && typeof id === 'string' ? ownKey(`${source} ${id}`) : null;
}

const lastUnixSecond = 2 ** 32;

export function timeOfSeconds(seconds: unknown): string | null {
  if (typeof seconds !== 'number' || seconds <= 0 || seconds > lastUnixSecond) return null;
  return new Date(seconds * 1000).toISOString();
}

/** The JSON of a body that may be a form whose field `payload` holds it. */
export function jsonOfForm({ headers, body }: HookRequest): Buffer {
  const isForm = /^application\/x-www-form-urlencoded(?:;|$)/i.test(headers['content-type'] ?? '');
  return isForm ? Buffer.from(new URLSearchParams(body.toString('utf8')).get('payload') ?? '') : body;
}

const attachmentTagPattern = /^sha256-([0-9a-f]{64})(?:\.(sig|att|sbom))?$/;
const artifacts = { sig: 'signature', att: 'attestation', sbom: 'sbom' } as const;

// @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery and, without a suffix, the OCI
// distribution specification, "Referrers Tag Schema". Their manifests look like any image, only the tag tells.
function attachment(tag: string | null): Pick<RegistryEvent, 'artifact' | 'attachedTo'> {
  const match = attachmentTagPattern.exec(tag ?? '');
  if (match === null) return { artifact: 'image', attachedTo: null };
  const suffix = match[2] as keyof typeof artifacts | undefined;
  return { artifact: suffix === undefined ? 'referrers-index' : artifacts[suffix], attachedTo: `sha256:${match[1]}` };
}

function matching(pattern: RegExp, value: unknown): string | null {
  return typeof value === 'string' && value.length <= maxNameChars && pattern.test(value) ? value : null;
}

function sha256(value: string | Buffer): string {
  return `sha256:${createHash('sha256').update(value).digest('hex')}`;
}
