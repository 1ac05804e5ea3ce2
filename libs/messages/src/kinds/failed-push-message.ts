import type { Severity } from '@tidewaiter/domain';

import { clean, fact, headWord, maxItemChars, maxTitleChars, type Message, timeText } from '../message.js';

/** A pushed image that ended without a verdict, or that was analyzed after all. */
export interface FailedPushReport {
  registry: string;
  repository: string;
  tag: string;
  /** Null where not even the manifest was read. */
  digest: string | null;
  pushedBy: string | null;
  /** ISO 8601. */
  pushedAt: string;
  status: 'firing' | 'resolved';
  /** Whether the image is at fault, or the way to it. */
  outcome: 'refused' | 'dead-lettered';
  /** Stable code of the failure. */
  code: string;
  reason: string;
}

/** An image of which nothing is known may hold anything. */
export const failedPushSeverity: Severity = 'high';

/** One message about a push that could not be analyzed: what, why, by whom, and what to do. */
export function failedPushMessage(report: FailedPushReport): Message {
  const { registry, repository, tag, digest, pushedBy, pushedAt, status, code, reason } = report;
  const name = `${repository}:${tag}`;
  const headline = status === 'firing' ? `${name} could not be analyzed` : `${name} has been analyzed`;
  return {
    kind: 'push',
    status,
    severity: failedPushSeverity,
    title: clean(`${headWord({ status, severity: failedPushSeverity })} · ${headline}`, maxTitleChars),
    summary: clean(summaryOf(report), 2 * maxItemChars),
    facts: [
      ...fact('Registry', registry),
      ...fact('Digest', digest),
      ...fact('Pushed by', pushedBy),
      ...fact('Pushed', timeText(pushedAt)),
      ...(status === 'firing' ? [...fact('Code', code), ...fact('Reason', reason)] : []),
    ],
    sections: [],
    links: [],
    footer: clean(`Tidewaiter · ${registry}/${name}`, maxItemChars),
    about: { registry, repository, tag, digest, pushedBy, pushedAt },
  };
}

function summaryOf({ status, outcome, code }: FailedPushReport): string {
  if (status === 'resolved')
    return 'The image could not be analyzed before. Its findings, if any, are in a separate message.';
  const { why, advice } = causes.find(({ codes }) => codes.test(code)) ?? fallbacks[outcome];
  return `${why} Its content is unknown, so admission in enforce mode denies the image. ${advice}`;
}

interface Cause {
  why: string;
  advice: string;
}

const redrive = 'then retry with `tidewaiter dead-letters redrive`';

const causes: readonly (Cause & { codes: RegExp })[] = [
  {
    codes: /^REGISTRY_(UNAUTHORIZED|FORBIDDEN)$/,
    why: 'The registry refused the credentials of Tidewaiter.',
    advice: `Check the credentials of this registry in tidewaiter.yaml, ${redrive}.`,
  },
  {
    codes: /^REGISTRY_UNKNOWN$/,
    why: 'tidewaiter.yaml no longer lists this registry.',
    advice: `Add the registry to tidewaiter.yaml, ${redrive}.`,
  },
  {
    codes: /^EGRESS_/,
    why: 'Tidewaiter may not connect to the address of the registry.',
    advice: `Check the address of this registry and egress.allow in tidewaiter.yaml, ${redrive}.`,
  },
  {
    codes: /^(MANIFEST|BLOB)_UNKNOWN$/,
    why: 'The registry does not have the manifest or the config of the image.',
    advice: 'Push the image again, and find out who deleted or replaced it in the registry.',
  },
  {
    codes: /^NO_PLATFORM$/,
    why: 'The index holds no image for a platform that is analyzed.',
    advice: 'Add the platform to platforms in tidewaiter.yaml, or push an image for one of them.',
  },
  {
    codes: /^LIMIT_EXCEEDED$/,
    why: 'The image exceeds a limit.',
    advice: 'Find out who built it and how: ordinary images stay far below these limits.',
  },
];

const fallbacks: Record<FailedPushReport['outcome'], Cause> = {
  refused: {
    why: 'The manifest or the config of the image is malformed or not what it claims to be.',
    advice: 'Find out who built it and how, and do not run it.',
  },
  'dead-lettered': {
    why: 'The image could not be pulled from the registry after all retries.',
    advice: `Check the registry and the network path to it, ${redrive}.`,
  },
};
