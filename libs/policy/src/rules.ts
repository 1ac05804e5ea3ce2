import { createHash } from 'node:crypto';

import {
  type IncompleteEffect,
  incompleteEffects,
  InvalidInput,
  matchesWildcard,
  policyModes,
} from '@tidewaiter/domain';
import { z } from 'zod';

import {
  type Exception,
  findingNameSchema,
  type Glob,
  patternSchema,
  repositoryMatches,
  reasonSchema,
  untilSchema,
} from './exceptions/exception.js';
import { globMatcher } from './glob.js';
import { builtInPolicies, builtInPolicy } from './policies/built-in.js';
import { policyNameSchema, readPolicy } from './policies/policy-file.js';
import { asksFor, type Policy } from './policies/policy.js';
import type { Objections } from './suppress.js';
import { readVex } from './vex/read-vex.js';

/** Rules by which images are evaluated. */
export interface Rules extends Objections {
  policies: readonly ScopedPolicy[];
  /** Repositories whose images must be signed; `*` matches any characters. */
  signedRepositories: readonly string[];
  /** Effect of files that were not read completely. */
  onIncomplete: IncompleteEffect;
  /** Text of each rule as written, and its end. */
  written: readonly { text: string; until: Date | null }[];
}

/** Policy with its repositories; undefined for all. */
export interface ScopedPolicy extends Policy {
  repositories: readonly Glob[] | undefined;
}

export const noRules: Rules = {
  statements: [],
  exceptions: [],
  policies: [],
  written: [],
  signedRepositories: [],
  onIncomplete: 'warn',
};

/**
 * Hash of the rules in effect. It changes when a rule is edited or an exception ends, as verdicts
 * may change then. Empty without rules.
 */
export function rulesVersion({ written }: Rules, now: Date): string {
  const valid = written.filter(({ until }) => until === null || until > now).map(({ text }) => text);
  return valid.length === 0 ? '' : createHash('sha256').update(JSON.stringify(valid)).digest('hex');
}

const exceptionSetting = z.strictObject({
  /** Names the exception in reports and in the API. */
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/, 'use 1 to 64 of a-z, 0-9, dot, dash and underscore')
    .optional(),
  repository: patternSchema,
  tag: patternSchema.optional(),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'expected a digest: sha256: and 64 hex digits')
    .optional(),
  finding: findingNameSchema,
  reason: reasonSchema,
  owner: z.string().trim().min(1),
  /** Name of the person who has accepted the risk, where that is not the owner. */
  approver: z.string().trim().min(1).optional(),
  until: untilSchema,
});

const policySetting = z
  .strictObject({
    name: policyNameSchema,
    /** File of a custom policy; without it and `source`, the name is that of a built-in policy. */
    file: z.string().min(1).optional(),
    /** Text of a custom policy, as in a file. */
    source: z.string().min(1).optional(),
    mode: z.enum(policyModes).default('enforce'),
    repositories: z.array(patternSchema).min(1).optional(),
  })
  .refine(({ file, source }) => file === undefined || source === undefined, 'give a file or a source, not both');

/** Keys of `tidewaiter.yaml` that define how images are evaluated. */
export const ruleSettings = {
  exceptions: z.array(exceptionSetting).default([]),
  policies: z.array(policySetting).default([]),
  /** Paths of VEX documents. */
  vex: z.array(z.string().min(1)).default([]),
  /** `fail`: an image with a file that was not read completely does not pass. */
  onIncomplete: z.enum(incompleteEffects).default('warn'),
};

interface RuleSettings {
  exceptions: z.output<typeof exceptionSetting>[];
  policies: z.output<typeof policySetting>[];
  vex: string[];
  onIncomplete: IncompleteEffect;
}

/** Returns the content of a file that the settings name. */
type ReadFile = (at: string, file: string) => string | undefined;

/**
 * Reads the files that the settings name.
 * @param readFile returns the content of a file, or records a problem and returns undefined
 * @param problems receives the problems
 */
export function readRules(
  settings: RuleSettings,
  readFile: ReadFile,
  problems: string[],
): Omit<Rules, 'signedRepositories'> {
  const { exceptions, policies, vex, onIncomplete } = settings;
  const documents = vex.map((file, index) => ({
    file,
    at: `vex[${index}]`,
    text: readFile(`vex[${index}]`, file) ?? '',
  }));
  const own = policies.map(({ file, source, ...setting }, index) => {
    const at = `policies[${index}]`;
    if (source !== undefined) return { ...setting, file: 'source', at, text: source };
    return {
      ...setting,
      file,
      at,
      text: file === undefined ? sourceOf(setting.name) : (readFile(`${at}.file`, file) ?? ''),
    };
  });
  const attempt = <Read>(at: string, read: () => Read): Read[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      problems.push(...error.message.split('\n').map((line) => `${at}: ${line}`));
      return [];
    }
  };
  return {
    onIncomplete,
    exceptions: exceptions.map(exceptionOf),
    statements: documents
      .filter(({ text }) => text !== '')
      .flatMap(({ file, at, text }) => attempt(at, () => readVex(text, file)))
      .flat(),
    policies: own
      .filter(({ file, text }) => file === undefined || text !== '')
      .flatMap(({ at, ...setting }) => attempt(at, () => policyOf(setting))),
    written: [
      ...(onIncomplete === 'warn' ? [] : [{ text: `onIncomplete: ${onIncomplete}`, until: null }]),
      ...exceptions.map((exception) => ({ text: JSON.stringify(exception), until: exception.until })),
      ...documents.map(({ text }) => ({ text, until: null })),
      ...own.map((policy) => ({ text: JSON.stringify(policy), until: null })),
    ],
  };
}

function policyOf({
  name,
  file,
  mode,
  repositories,
  text,
}: Omit<RuleSettings['policies'][number], 'source'> & { text: string }): ScopedPolicy {
  const policy = file === undefined ? known(name, mode) : readPolicy(text, file, { name, mode });
  return { ...policy, repositories: repositories?.map((pattern) => globMatcher(pattern)!) };
}

/** Source of a built-in policy, which may change with a release. */
function sourceOf(name: string): string {
  const { variables, rules } = builtInPolicies.find((each) => each.name === name) ?? {};
  return JSON.stringify({ variables, rules });
}

function known(name: string, mode: Policy['mode']): Policy {
  const policy = builtInPolicy(name, mode);
  if (policy) return policy;
  throw new InvalidInput('POLICY_INVALID', `no policy ${name} comes with Tidewaiter, and no file is given`);
}

function exceptionOf(
  { name, repository, tag, digest, finding, reason, owner, until }: RuleSettings['exceptions'][number],
  index: number,
): Exception {
  const image = {
    repository: globMatcher(repository)!,
    tag: tag === undefined ? undefined : globMatcher(tag)!,
    digest,
  };
  const source = name === undefined ? `exceptions[${index}]` : `exceptions/${name}`;
  return { kind: 'exception', source, finding, image, reason, owner, until };
}

/**
 * Policy in place of one that cannot be read: its answer is unknown.
 * @param repositories patterns; undefined for all
 */
export function unreadablePolicy(
  name: string,
  { mode = 'enforce', repositories }: { mode?: Policy['mode']; repositories?: readonly string[] },
  reason: string,
): ScopedPolicy {
  const none: ReadonlySet<string> = new Set();
  const holds = { text: '', type: 'bool', names: none, fields: none, ask: () => ({ unknown: reason }) };
  const globs = repositories?.map((pattern) => globMatcher(pattern) ?? (() => true));
  return {
    name,
    mode,
    description: reason,
    variables: [],
    rules: [{ holds, message: undefined }],
    repositories: globs,
  };
}

/** Whether these rules need the packages of an image, of which there may be thousands. */
export function needsPackages({ statements, policies }: Rules): boolean {
  return statements.length > 0 || policies.some((policy) => asksFor(policy, 'packages'));
}

/** Whether the images of a repository must be signed; never for an image outside of a registry. */
export function mustBeSigned({ signedRepositories }: Rules, repository: string | null): boolean {
  if (repository === null) return false;
  return signedRepositories.some((pattern) => repositoryMatches((name) => matchesWildcard(pattern, name), repository));
}

/**
 * Policies that apply to a repository; for an image outside of a registry, those without
 * repositories.
 */
export function policiesOf({ policies }: Rules, repository: string | null): Policy[] {
  return policies.filter(({ repositories }) => {
    if (!repositories) return true;
    return repository !== null && repositories.some((glob) => repositoryMatches(glob, repository));
  });
}
