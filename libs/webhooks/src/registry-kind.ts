import { createHash } from 'node:crypto';

import { isDigest, type Digest, type Secret } from '@tidewaiter/domain';
import { redactSecrets } from '@tidewaiter/secrets';

import { authorizationEquals, readText, readTime, secretEquals, type HookRequest } from './hook-request.js';

/**
 * How one kind of registry reports pushes. Pure: no clock, no network, no state between two
 * requests.
 */
export interface RegistryKind {
  /** The value of `kind:` in the configuration. */
  kind: string;
  /** Other values that mean the same. */
  aliases: readonly string[];
  /** Name for readers. */
  title: string;
  setup: Setup;
  /**
   * Whether the sender proved that it has the connection's secret, evaluated on the raw request.
   * Called only where a secret is configured; whether a connection may go without one is the
   * caller's decision.
   */
  authenticate(request: HookRequest, secret: Secret): boolean;
  /**
   * How a request can prove its sender without a secret; the caller checks it, with keys that are
   * published.
   */
  proof?: 'sns' | 'google';
  /**
   * Response to a handshake, which some senders need before they send; null where the request is no
   * handshake.
   */
  handshake?(request: HookRequest): Handshake | null;
  /**
   * @throws InvalidInput when the body as a whole is not of this kind; one bad event is counted as
   * `malformed` instead
   */
  parse(request: HookRequest, settings?: KindSettings): ParsedHook;
}

/**
 * Address and secret of a connection in setup instructions, which a reader replaces by those of the
 * own connection.
 */
export const setupExample = {
  hookUrl: 'https://tidewaiter.example.com/hooks/registry/main',
  secret: 'the-same-secret',
} as const;

/** Setup instructions in Markdown: the page of each kind is made of them. */
export interface Setup {
  /** An example of the registry's address. */
  url: string;
  /** How a request proves its sender. */
  proof: string;
  /** How a repeated delivery is recognized. */
  repetition: string;
  /** Steps in the registry. */
  steps: readonly string[];
  /** Further notes. */
  note: string;
}

/** Configured settings for reading a connection's bodies. */
export interface KindSettings {
  fields?: GenericHookFields | undefined;
}

/** Paths into JSON, such as `data.repository`, of each field. */
export interface GenericHookFields {
  /** Path of a list with one event each; the whole body is one event without it. */
  events?: string | undefined;
  /** Path of the action, push or deletion; everything is a push without it. */
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

/** Reason for which a received item is not counted as an event. */
export type IgnoreReason = 'pull' | 'blob' | 'scan' | 'ping' | 'subscription-confirmation' | 'ignore' | 'malformed';

export interface ParsedHook {
  events: RegistryEvent[];
  /** Number of items left out, by {@link IgnoreReason}; a reason that did not occur is absent. */
  ignored: Record<string, number>;
}

/**
 * One push or deletion as a registry reports it. Claims, not facts: the registry itself is queried
 * before anything is done.
 */
export interface RegistryEvent {
  outcome: 'push' | 'delete';
  /** Host that the body names; a hint only, it is shaped by clients and proxies. */
  registry: string | null;
  repository: string;
  /** A push has a tag or a digest or both; a deletion with neither means the whole repository. */
  tag: string | null;
  digest: Digest | null;
  mediaType: string | null;
  /**
   * Kind of artifact; any but `image` belongs to another image and is never scanned as one. `image`
   * when unknown.
   */
  artifact: 'image' | 'signature' | 'attestation' | 'sbom' | 'referrers-index';
  /** Digest of the image that a signature, attestation, SBOM or referrers index is about. */
  attachedTo: Digest | null;
  actor: string | null;
  /** ISO 8601 in UTC, by the registry's clock. */
  at: string | null;
  /** Constant when the same event is delivered again, within one connection. */
  deliveryKey: string;
  identity: EventIdentity;
}

/**
 * Basis of a delivery key: the sender's own id, a body that states when the event happened, or
 * nothing that differs between two pushes. Only the first two identify an event for good.
 */
export type EventIdentity = 'delivery' | 'event' | 'content';

/** Fields of an event in a body, unvalidated. */
export interface HookClaims {
  registry: unknown;
  repository: unknown;
  /** Whether its repositories may have capitals, which OCI's grammar forbids. */
  hasCapitals?: boolean;
  tag: unknown;
  digest: unknown;
  mediaType?: unknown;
  actor: unknown;
  at: unknown;
  /**
   * Id that the sender gave the event, from {@link ownKey} or {@link cloudEventKey}; never from a
   * header that a signature leaves out.
   */
  ownKey: string | null;
  /** Key of what was sent, for events without an id. */
  contentKey: string;
  /** Whether what was sent states the time of the event; by default whether `at` is readable. */
  isDated?: boolean;
}

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const capitalsToo = new RegExp(repositoryPattern, 'i');
const maxNameChars = 255;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const hostPattern = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?$/;

/** The event for these claims; `malformed` when the pushed or deleted object is ambiguous. */
export function registryEvent(outcome: RegistryEvent['outcome'], claims: HookClaims): RegistryEvent | 'malformed' {
  const repository = matching(claims.hasCapitals ? capitalsToo : repositoryPattern, claims.repository);
  if (repository === null) return 'malformed';
  const tag = matching(tagPattern, claims.tag);
  const digest = isDigest(claims.digest) ? claims.digest : null;
  // A deletion whose tag is unreadable must not pass for the deletion of the whole repository.
  const named = Boolean(claims.tag) || Boolean(claims.digest);
  if (tag === null && digest === null && (outcome === 'push' || named)) return 'malformed';
  const at = readTime(claims.at);
  return {
    outcome,
    registry: matching(hostPattern, claims.registry),
    repository,
    tag,
    digest,
    mediaType: readText(claims.mediaType),
    ...attachment(tag),
    actor: readText(claims.actor),
    at,
    ...identityOf(claims, at),
  };
}

function identityOf(
  { ownKey: id, contentKey, isDated }: HookClaims,
  at: string | null,
): Pick<RegistryEvent, 'deliveryKey' | 'identity'> {
  if (id !== null) return { deliveryKey: id, identity: 'delivery' };
  return { deliveryKey: contentKey, identity: (isDated ?? at !== null) ? 'event' : 'content' };
}

/** Sorts parsed outcomes into events and counted reasons. */
export function collect(outcomes: Iterable<RegistryEvent | IgnoreReason>): ParsedHook {
  const parsed: ParsedHook = { events: [], ignored: {} };
  for (const outcome of outcomes) {
    if (typeof outcome === 'object') parsed.events.push(outcome);
    else parsed.ignored[outcome] = (parsed.ignored[outcome] ?? 0) + 1;
  }
  return parsed;
}

/** The sender's own id of a delivery as a short printable key; null without an id. */
export function ownKey(id: unknown): string | null {
  const text = Number.isSafeInteger(id) ? String(id) : id;
  if (typeof text !== 'string' || text === '') return null;
  // Senders build ids from URLs, which may contain a password.
  return /^[\x20-\x7e]{1,200}$/.test(text) && redactSecrets(text) === text ? text : sha256(text);
}

/** Key of the bytes of a body, for events without an id. */
export function bodyKey(body: Buffer): string {
  return sha256(body);
}

/**
 * Whether the request's URL carries the secret: `?token=` for senders without a better way, or
 * Basic's password, which some make of `user:secret@`.
 */
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

// @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
// and, without a suffix, the OCI distribution specification, "Referrers Tag Schema". Their
// manifests look like any image, only the tag differs.
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
