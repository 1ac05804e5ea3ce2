import { matchesWildcard } from '@tidewaiter/domain';

import type { FactField } from './fact-field.js';
import { own } from './own.js';
import type { ObservationSubject } from './subject.js';

/** Facts from the operator's policy about the current event. */
export const policyFields: readonly FactField[] = [
  {
    name: 'Policy.Admin',
    type: 'boolean',
    meaning: 'Whether the user is configured as an administrator.',
    unknownWhen: 'the event names no user, or no administrator is configured',
    answer: ({ observation: { request }, context: { policy } }) =>
      request?.user && policy.admins.length > 0 ? policy.admins.includes(request.user) : null,
  },
  {
    name: 'Policy.AnonymousExpected',
    type: 'boolean',
    meaning: 'Whether the API server is meant to answer anonymous users.',
    unknownWhen: 'it is not configured',
    answer: ({ context }) => context.policy.anonymousAccessExpected,
  },
  {
    name: 'Policy.ExecProbe',
    type: 'boolean',
    meaning: 'Whether the command, or the one that started it, is a probe of the kubelet.',
    unknownWhen: 'no probe of the workload is known',
    answer: (subject) => {
      const { workloadRef, workloadName, context } = subject;
      const configured = own(context.policy.execProbes, workloadName ?? '') ?? [];
      return isCommandOf(subject, [...configured, ...(workloadRef ? context.probesOf(workloadRef) : [])], sameCommand);
    },
  },
  {
    name: 'Policy.KnownChild',
    type: 'boolean',
    meaning: 'Whether the command, or the one that started it, is one that the workload is known to start.',
    unknownWhen: 'none is configured for the workload',
    answer: (subject) => {
      const commands = own(subject.context.policy.knownChildCommands, subject.workloadName ?? '') ?? [];
      return isCommandOf(subject, commands, isKnownChild);
    },
  },
  {
    name: 'Policy.SecurityAgent',
    type: 'boolean',
    meaning: 'Whether the workload, or what the call is about, is a configured security agent.',
    unknownWhen: 'the event is about no workload, or no agent is configured',
    answer: ({ workloadName, observation: { request }, context: { policy } }) => {
      const target = request?.namespace && request.name ? `${request.namespace}/${request.name}` : null;
      const names = [workloadName, target].filter((name) => name !== null);
      if (names.length === 0 || policy.securityAgents.length === 0) return null;
      return names.some((name) => policy.securityAgents.includes(name));
    },
  },
  {
    name: 'Policy.CallByAgent',
    type: 'boolean',
    meaning:
      'Whether the service account that makes the call is named like a configured security agent of its namespace.',
    unknownWhen: 'no service account makes the call, or no agent is configured',
    answer: ({ observation: { request }, context: { policy } }) => {
      const account = serviceAccountOf(request?.user);
      return account !== null && policy.securityAgents.length > 0 ? policy.securityAgents.includes(account) : null;
    },
  },
  {
    name: 'Policy.SignatureRequired',
    type: 'boolean',
    meaning: 'Whether only signed images may run in the namespace.',
    unknownWhen: 'the namespace is unknown, or nothing is configured',
    answer: ({ namespace, context: { policy } }) => {
      const namespaces = policy.signatureRequiredNamespaces;
      return namespace && namespaces.length > 0 ? namespaces.includes(namespace) || namespaces.includes('*') : null;
    },
  },
];

/** Formats a service account like a workload: `security/scanner`. */
function serviceAccountOf(user: string | null | undefined): string | null {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? '') ?? [];
  return namespace && name ? `${namespace}/${name}` : null;
}

function isCommandOf(
  { observation: { process } }: ObservationSubject,
  commands: readonly string[],
  isAlike: (pattern: string, command: string) => boolean,
): boolean | null {
  if (commands.length === 0 || !process) return null;
  const patterns = commands.map(plainCommand);
  const seen = [process.commandLine, process.parentCommandLine].filter((line) => line !== null).map(plainCommand);
  return seen.some((command) => patterns.some((pattern) => isAlike(pattern, command)));
}

const shellWords = /[;&|<>`$(){}\n]/g;

/**
 * Whether a command matches a pattern. A `*` matches arguments, but no further command: `convert x;
 * curl …` does not match `convert *`.
 */
function isKnownChild(pattern: string, command: string): boolean {
  return matchesWildcard(pattern, command) && (command.match(shellWords) ?? []).every((word) => pattern.includes(word));
}

function sameCommand(a: string, b: string): boolean {
  return a === b;
}

/**
 * Normalizes a command, as sensors differ: the program without its folder, no quotes, single
 * spaces.
 */
function plainCommand(commandLine: string): string {
  const [program = '', ...rest] = commandLine
    .replaceAll(/["'\\]/g, '')
    .trim()
    .split(/\s+/);
  return [program.slice(program.lastIndexOf('/') + 1), ...rest].join(' ');
}
