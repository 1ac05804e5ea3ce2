import type { Signer } from '@tidewaiter/domain';

import {
  headWord,
  clean,
  enumerate,
  maxItemChars,
  maxTitleChars,
  type Message,
  section,
  timeText,
} from '../message.js';
import type { PushFinding } from './push-message-groups.js';
import { isAlarming, pushMessage, type PushReport } from './push-message.js';

/** Finding titles that a title of a message names. */
const maxNamed = 2;
const maxSigners = 3;
const lateSection = 'No longer found';

/** A signature that came after a push was announced. */
export interface LateSignature {
  /** The message as its channel has it. */
  sent: Message;
  /** Findings that it reported and that the signature ended. */
  late: readonly PushFinding[];
  /** Trusted signers of the image; none where no `signers` are configured. */
  signers: readonly Pick<Signer, 'name' | 'identity'>[];
  /** When the signature was verified, ISO 8601. */
  at: string;
  /** Edition of the message. */
  revision: number;
  consoleUrl: string;
}

/**
 * A message about findings that came or went after their push was announced: a signature came late,
 * or not in time.
 */
export function correctionMessage(report: PushReport, { consoleUrl }: { consoleUrl: string }): Message {
  const message = pushMessage(report, { consoleUrl });
  const isFiring = report.findings.length > 0;
  const titles = titlesOf(isFiring ? report.findings : report.resolved);
  const word = isFiring ? headWord({ status: 'firing', severity: message.severity }) : 'Resolved';
  return {
    ...message,
    status: isFiring ? 'firing' : 'resolved',
    title: clean(`${word} · ${nameOf(report)}: ${titles}`, maxTitleChars),
    summary: clean(isFiring ? openedText(report) : resolvedText(report), 2 * maxItemChars),
  };
}

/**
 * The message of a push after a late signature, in place of the one that was sent.
 * @param report what the message reports and still holds
 */
export function correctedMessage(report: PushReport, { consoleUrl, ...signature }: LateSignature): Message {
  const { late, revision } = signature;
  const message = pushMessage(report, { consoleUrl });
  const by = signedText(signature);
  const ended = `No longer found: ${titlesOf(late)}.`;
  const words = report.findings.some(isAlarming)
    ? { summary: `${by}. ${message.summary}` }
    : {
        status: 'resolved' as const,
        title: `Resolved · ${nameOf(report)}: ${titleWord(signature)} after the push`,
        summary: `${by}, after the push was announced. ${ended}`,
      };
  const changed = { ...message, ...words };
  return {
    ...changed,
    title: clean(changed.title, maxTitleChars),
    summary: clean(changed.summary, 2 * maxItemChars),
    sections: [...message.sections, ...lateSections(signature, by)],
    history: [{ revision, lines: [clean(`${by}. ${ended}`, 2 * maxItemChars)] }],
  };
}

function titleWord({ signers }: Pick<LateSignature, 'signers'>): string {
  const names = [...new Set(signers.map(({ name }) => name))];
  return names.length === 0 ? 'signature received' : `signed by ${enumerate(names, maxNamed)}`;
}

/** `Signed by release on 2026-11-28 14:31 UTC`. */
function signedText({ signers, at }: Pick<LateSignature, 'signers' | 'at'>): string {
  const names = signers.map(({ name, identity }) => (identity === null ? name : `${name} (${identity})`));
  const what = names.length === 0 ? 'Signature or attestation received' : `Signed by ${enumerate(names, maxSigners)}`;
  return `${what} on ${timeText(at)}`;
}

/** Lists what earlier corrections ended, too. */
function lateSections({ sent, late }: Pick<LateSignature, 'sent' | 'late'>, by: string): Message['sections'] {
  const before = sent.sections.find(({ title }) => title === lateSection)?.items ?? [];
  const items = late.map(({ finding }) => ({ severity: null, text: finding.title, detail: by, isNew: false }));
  return section(lateSection, [...before, ...items]);
}

function openedText({ resolved }: PushReport): string {
  const gone = resolved.length === 0 ? '' : ` No longer found: ${titlesOf(resolved)}.`;
  return `Found when the signatures were checked again after the push: the expected signature or attestation is still missing.${gone}`;
}

function resolvedText({ resolved }: PushReport): string {
  return `No longer found: ${titlesOf(resolved)}. A valid signature or attestation was received after the push was announced.`;
}

function nameOf({ repository, tag }: PushReport): string {
  return tag === null ? repository : `${repository}:${tag}`;
}

function titlesOf(findings: readonly PushFinding[]): string {
  return enumerate(
    findings.map(({ finding }) => finding.title),
    maxNamed,
  );
}
