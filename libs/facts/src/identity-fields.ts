import { clientOf, type JsonObject, type JsonValue } from '@tidewaiter/domain';
import { maskAccessKey } from '@tidewaiter/secrets';

import { addressesOf, isAddress, placeOf } from './addresses.js';
import type { FactField } from './fact-field.js';
import type { HabitKind } from './habits.js';
import { identitiesOf, isOwnProgram, isPlatform } from './identity.js';
import { own } from './own.js';
import type { ObservationSubject } from './subject.js';

const noHabit = 'nothing is configured for the identity, and it was not watched for long enough';

export const identityFields: readonly FactField[] = [
  {
    name: 'Secret.KnownPath',
    type: 'boolean',
    meaning: 'Whether the scanner found a secret in this file of the image.',
    unknownWhen: 'the event touches no file, or the image is unknown',
    answer: ({ observation, image, secretAtPath }) => (observation.file && image ? secretAtPath !== undefined : null),
  },
  {
    name: 'Secret.Fingerprint',
    type: 'text',
    meaning: 'Fingerprint of the secret of an image that was read, or that signed the call.',
    unknownWhen: 'no secret of a known image is concerned',
    answer: ({ secret }) => secret?.fingerprint,
  },
  {
    name: 'Secret.Rule',
    type: 'text',
    meaning: 'Id of the rule that found that secret.',
    unknownWhen: 'no secret of a known image is concerned',
    answer: ({ secret }) => secret?.id,
  },
  {
    name: 'Source.Public',
    type: 'boolean',
    meaning: 'Whether the call comes from the internet, by the first address of its path.',
    unknownWhen: 'the event is no call, or a service of the cloud makes it',
    answer: isPublicSource,
  },
  {
    name: 'Identity.UsualSource',
    type: 'boolean',
    meaning: 'Whether all addresses of its path are usual for the caller.',
    unknownWhen: `${noHabit}, or a service of the cloud makes the call`,
    answer: isUsualSource,
  },
  {
    name: 'Identity.UsualClient',
    type: 'boolean',
    meaning: 'Whether the calling program, in any version, is usual for the caller.',
    unknownWhen: noHabit,
    answer: isUsualClient,
  },
  {
    name: 'Identity.UsualNamespace',
    type: 'boolean',
    meaning: 'Whether the caller usually works in the namespace of the call.',
    unknownWhen: `${noHabit}, or the call is about no namespace`,
    answer: (subject) => {
      const namespace = subject.observation.request?.namespace;
      const lists = [subject.context.policy.serviceAccountNamespaces];
      return isUsual(subject, 'namespace', lists, namespace ? [namespace] : []);
    },
  },
  {
    name: 'Identity.OwnNamespace',
    type: 'boolean',
    meaning: 'Whether a service account makes the call in the namespace that it belongs to.',
    unknownWhen: 'the event is no call of a service account, or is about no namespace',
    answer: ({ observation: { request } }) => {
      const [, home] = /^system:serviceaccount:([^:]+):/.exec(request?.user ?? '') ?? [];
      return home !== undefined && request?.namespace ? home === request.namespace : null;
    },
  },
  {
    name: 'Identity.OwnProgram',
    type: 'boolean',
    meaning:
      'Whether a service account calls from inside with its own program, as controllers and operators do: the program has the name of the account, is no interactive tool, and does not call from a pod of another account.',
    unknownWhen: 'the event is no call of a service account',
    answer: (subject) => {
      const { request } = subject.observation;
      if (!request?.user?.startsWith('system:serviceaccount:')) return null;
      const ranges = addressesOf(subject.context.policy.internalRanges);
      const isInside = request.sourceIps.every((source) => isAddress(source) && placeOf(source, ranges) !== 'public');
      return isInside && isOwnProgram(request) && !isElsewhere(subject);
    },
  },
  {
    name: 'Identity.Platform',
    type: 'boolean',
    meaning:
      'Whether a component of the cluster, or an operator or service that looks after it, makes the call: with its own account, with a program that is no tool, and neither from a place nor with a program that is unusual for it, nor from a pod of another account.',
    unknownWhen: 'the event is no call',
    answer: (subject) => {
      const { request } = subject.observation;
      if (!request) return null;
      if (isControllerManager(subject) === true) return true;
      const isUnusual = isUsualSource(subject) === false || isUsualClient(subject) === false || isElsewhere(subject);
      return !isUnusual && isPlatform(request, isPublicSource(subject) === true);
    },
  },
  {
    name: 'Identity.Elsewhere',
    type: 'boolean',
    meaning:
      'Whether a service account calls from the pod of another, or with the program of the controller manager from where that has not called with its own certificate.',
    unknownWhen: 'the event is no call of a service account',
    answer: (subject) =>
      subject.observation.request?.user?.startsWith('system:serviceaccount:') ? isElsewhere(subject) : null,
  },
  {
    name: 'Identity.ForeignAccounts',
    type: 'list',
    meaning:
      'Accounts of the cloud that the parameters of a call name, beside its own, those of `cloudAccounts`, those whose audit log arrives, and the vendor that has assumed the role of the caller with an external id; in access lists of buckets, canonical ids beside the owner.',
    unknownWhen: 'there is none',
    answer: ({ observation: { source, native, timeMs }, context }) => {
      if (source !== 'cloudtrail') return null;
      const parameters = JSON.stringify(native['requestParameters'] ?? null);
      const home = [
        ...[native['recipientAccountId'], accountOf(native['userIdentity']), ...context.policy.cloudAccounts],
        ...[owner.exec(parameters)?.[1], logDelivery],
      ];
      const named = [accountId, canonicalId].flatMap((id) => parameters.match(id) ?? []);
      const role = roleOf(native['userIdentity']);
      const isKnown = (id: string) =>
        context.habits?.isAuditedAccount(id) || (role !== null && context.habits?.isTrustedBy(role, id, timeMs));
      const foreign = [...new Set(named)].filter((id) => !home.includes(id) && !isKnown(id));
      return foreign.length === 0 ? null : foreign;
    },
  },
];

/** Id of an account as a text of its own, or as a part of an ARN or of a registry's name. */
const accountId = /(?<=[":/])\d{12}(?=[\\":.])/g;
/** Id of an account in access lists of S3, which says nothing of the account's number. */
const canonicalId = /(?<="ID":"|\bid=\\?"?)[0-9a-f]{64}/g;
const owner = /"Owner":\{[^{}]*"ID":"([0-9a-f]{64})"/;
/** Account with which CloudFront writes logs into buckets. */
const logDelivery = 'c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0';

/** ARN of the role whose session calls. */
function roleOf(identity: JsonValue | undefined): string | null {
  const session = isObject(identity) ? identity['sessionContext'] : undefined;
  const issuer = isObject(session) ? session['sessionIssuer'] : undefined;
  const arn = isObject(issuer) ? issuer['arn'] : undefined;
  return typeof arn === 'string' ? arn : null;
}

function accountOf(identity: JsonValue | undefined): JsonValue | undefined {
  return isObject(identity) ? identity['accountId'] : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isPublicSource({ observation, context }: ObservationSubject): boolean | null {
  const source = observation.request?.sourceIps[0];
  return source && isAddress(source) ? placeOf(source, addressesOf(context.policy.internalRanges)) === 'public' : null;
}

/**
 * Whether a service account calls from where its program does not run. All controllers of the
 * controller manager call from where that calls itself, with its certificate, which no token gives.
 */
function isElsewhere(subject: ObservationSubject): boolean {
  const { request, cluster } = subject.observation;
  const [, account] = /^system:serviceaccount:(.+)$/.exec(request?.user ?? '') ?? [];
  if (!request || account === undefined) return false;
  const isManager = isControllerManager(subject);
  if (isManager !== undefined) return !isManager;
  return request.sourceIps.some((source) => {
    const runsAs = subject.context.accountAt(cluster, source);
    return runsAs !== null && runsAs !== account;
  });
}

/** Whether the controller manager makes a call with the account of one of its controllers. */
function isControllerManager({ observation, context }: ObservationSubject): boolean | undefined {
  const { request, cluster, timeMs } = observation;
  if (!request?.user?.startsWith('system:serviceaccount:kube-system:')) return undefined;
  if (clientOf(request.userAgent) !== 'kube-controller-manager') return undefined;
  const answers = request.sourceIps
    .filter(isAddress)
    .map((source) => context.habits?.isControllerManager(cluster, source, timeMs));
  if (answers.includes(false)) return false;
  return answers.length === 0 || answers.includes(undefined) ? undefined : true;
}

function isUsualSource(subject: ObservationSubject): boolean | undefined {
  const sources = subject.observation.request?.sourceIps.filter(isAddress) ?? [];
  const { keySources, serviceAccountSources } = subject.context.policy;
  return isUsual(subject, 'source', [keySources, serviceAccountSources], sources);
}

function isUsualClient(subject: ObservationSubject): boolean | undefined {
  const client = clientOf(subject.observation.request?.userAgent ?? null);
  return isUsual(subject, 'client', [subject.context.policy.serviceAccountClients], client === null ? [] : [client]);
}

/** Whether values are usual for the identity: by the configuration, else by the learned habits. */
function isUsual(
  { observation: { request, timeMs }, context }: ObservationSubject,
  kind: HabitKind,
  configured: readonly Readonly<Record<string, readonly string[]>>[],
  values: readonly string[],
): boolean | undefined {
  if (!request || values.length === 0) return undefined;
  const identities = identitiesOf(request);
  const lists = configured.flatMap((lists) => identities.map((identity) => ofIdentity(lists, identity)));
  const allowed = lists.find((list) => list !== undefined);
  if (allowed) return values.every((value) => isOneOf(kind, allowed, value));
  const answers = values.map((value) => context.habits?.isUsual(kind, identities[0] ?? '', value, timeMs));
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

/** Finds the list of an identity: configurations name keys in full, events mask them. */
function ofIdentity(
  lists: Readonly<Record<string, readonly string[]>>,
  identity: string,
): readonly string[] | undefined {
  const list = own(lists, identity);
  if (list !== undefined || !identity.includes('*')) return list;
  const name = Object.keys(lists).find((each) => maskAccessKey(each) === identity);
  return name === undefined ? undefined : own(lists, name);
}

function isOneOf(kind: HabitKind, allowed: readonly string[], value: string): boolean {
  if (kind === 'source') return addressesOf(allowed).has(value);
  if (kind === 'client') return allowed.some((each) => clientOf(each) === value);
  return allowed.includes(value) || allowed.includes('*');
}
