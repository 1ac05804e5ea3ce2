import type { Digest } from '@tidewaiter/domain';

import { AddressSet, addressesOf, hostsIn, isAddress, placeOf } from './addresses.js';
import type { FactField } from './fact-field.js';
import { own } from './own.js';
import type { ObservationSubject } from './subject.js';

const noAddress = 'the event names no destination';

/**
 * Facts about the destination of a connection. For a DNS query that is the queried server, unless
 * the field is about the queried name.
 */
export const destinationFields: readonly FactField[] = [
  {
    name: 'Dest.Public',
    type: 'boolean',
    meaning: 'Whether it is a host of the internet. Metadata services of clouds are neither public nor internal.',
    unknownWhen: noAddress,
    answer: (subject) => {
      const place = placeIn(subject);
      return place && place === 'public';
    },
  },
  {
    name: 'Dest.Internal',
    type: 'boolean',
    meaning: 'Whether it is in a private or a configured range.',
    unknownWhen: noAddress,
    answer: (subject) => {
      const place = placeIn(subject);
      return place && place === 'internal';
    },
  },
  {
    name: 'Dest.Allowed',
    type: 'boolean',
    meaning:
      'Whether the workload may connect to it: it is configured, or a package mirror or the DNS of the cluster. ' +
      'Without a name for the address, the hosts in the URLs of the command line count.',
    unknownWhen:
      'nothing is configured for the workload, or it is configured by names and the name of the address is unknown',
    answer: isAllowed,
  },
  {
    name: 'Dest.PackageMirror',
    type: 'boolean',
    meaning: 'Whether it is a configured package mirror.',
    unknownWhen: `${noAddress}, or no mirror is configured`,
    answer: (subject) => isListed(subject, subject.context.policy.packageMirrors),
  },
  {
    name: 'Dest.ClusterDns',
    type: 'boolean',
    meaning: 'Whether it is the configured DNS of the cluster.',
    unknownWhen: `${noAddress}, or no DNS is configured`,
    answer: (subject) => isListed(subject, subject.context.policy.clusterDns),
  },
  {
    name: 'Dest.SeenWithDigest',
    type: 'boolean',
    meaning: 'Whether containers of this image have connected to it before.',
    unknownWhen: 'they were not watched for long enough',
    answer: (subject) => {
      // A workload whose baseline is zero egress has not talked to any public host.
      if (placeIn(subject) === 'public' && baselineOf(subject) === 0) return false;
      return subject.digest && seenWith(subject, subject.digest);
    },
  },
  {
    name: 'Dest.SeenWithPreviousDigest',
    type: 'boolean',
    meaning:
      'Whether containers of the baseline (what the tag pointed to, or else the release before it) have connected to it.',
    unknownWhen: 'there is no baseline, or they were not watched for long enough',
    answer: (subject) => {
      const listed = isListed(
        subject,
        own(subject.context.policy.egressWithPreviousDigest, subject.workloadName ?? ''),
      );
      return listed ?? (subject.previous && seenWith(subject, subject.previous.digest));
    },
  },
  {
    name: 'Dest.BaselineBytes',
    type: 'number',
    meaning: 'How many bytes the workload usually sends out; 0 for one that never does.',
    unknownWhen: 'it was not watched for long enough',
    answer: baselineOf,
  },
];

function placeIn({ observation: { network }, context }: ObservationSubject): ReturnType<typeof placeOf> | null {
  return network?.destinationIp ? placeOf(network.destinationIp, addressesOf(context.policy.internalRanges)) : null;
}

/** Returns the known names of a destination: its address and its host. */
function namesOf({ observation: { network } }: ObservationSubject): string[] {
  return [network?.destinationIp, network?.hostname].filter((name) => name !== null && name !== undefined);
}

function isListed(subject: ObservationSubject, list: readonly string[] | undefined): boolean | null {
  const names = namesOf(subject);
  if (names.length === 0 || list === undefined || list.length === 0)
    return list === undefined || names.length === 0 ? null : false;
  const set = addressesOf(list);
  return names.some((name) => set.has(name));
}

function isAllowed(subject: ObservationSubject): boolean | null {
  const names = namesOf(subject);
  const { packageMirrors, clusterDns } = subject.context.policy;
  if (names.some((name) => addressesOf(packageMirrors).has(name) || addressesOf(clusterDns).has(name))) return true;
  const sets = allowedFor(subject);
  if (names.length === 0 || sets.length === 0) return null;
  if (names.some((name) => sets.some((set) => set.has(name)))) return true;
  if (names.some((name) => !isAddress(name)) || !sets.some((set) => set.hasNames)) return false;
  return isCommandAllowed(subject, sets);
}

/**
 * Whether the hosts in the command are allowed, for an address without a name; null if it names
 * none.
 */
function isCommandAllowed(
  { observation: { process, network } }: ObservationSubject,
  sets: readonly AddressSet[],
): boolean | null {
  const hosts = hostsIn(process?.commandLine ?? '');
  if (network?.destinationIp && hosts.includes(network.destinationIp)) return false;
  return hosts.length === 0 ? null : hosts.every((host) => sets.some((set) => set.has(host)));
}

function allowedFor({ workloadName, namespace, context }: ObservationSubject): AddressSet[] {
  const { allowedEgress } = context.policy;
  return [workloadName, namespace && `${namespace}/*`, '*']
    .map((key) => (key ? own(allowedEgress, key) : undefined))
    .filter((list) => list !== undefined)
    .map(addressesOf);
}

function seenWith(subject: ObservationSubject, digest: Digest): boolean | undefined {
  const { habits } = subject.context;
  const answers = namesOf(subject).map((name) => habits?.hasTalkedTo(digest, name, subject.observation.timeMs));
  return answers.includes(true) ? true : answers.find((answer) => answer !== undefined);
}

function baselineOf({ workloadName, context }: ObservationSubject): number | undefined {
  return own(context.policy.egressBaselineBytes, workloadName ?? '');
}
