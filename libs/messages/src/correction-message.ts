import { headWord, clean, enumerate, maxItemChars, maxTitleChars, type Message } from './message.js';
import type { PushFinding } from './push-message-groups.js';
import { pushMessage, type PushReport } from './push-message.js';

/** Finding titles that a title of a message names. */
const maxNamed = 2;

/** A message about findings that came or went after their push was announced: a signature came late, or not in time. */
export function correctionMessage(report: PushReport, { consoleUrl }: { consoleUrl: string }): Message {
  const message = pushMessage(report, { consoleUrl });
  const name = report.tag === null ? report.repository : `${report.repository}:${report.tag}`;
  const isFiring = report.findings.length > 0;
  const titles = titlesOf(isFiring ? report.findings : report.resolved);
  const word = isFiring ? headWord({ status: 'firing', severity: message.severity }) : 'Resolved';
  return {
    ...message,
    status: isFiring ? 'firing' : 'resolved',
    title: clean(`${word} · ${name}: ${titles}`, maxTitleChars),
    summary: clean(isFiring ? openedText(report) : resolvedText(report), 2 * maxItemChars),
  };
}

function openedText({ resolved }: PushReport): string {
  const gone = resolved.length === 0 ? '' : ` No longer found: ${titlesOf(resolved)}.`;
  return `Found when the signatures of the image were checked again after its push: what was missing did not come in time.${gone}`;
}

function resolvedText({ resolved }: PushReport): string {
  return `No longer found: ${titlesOf(resolved)}. A valid signature or attestation came after the push was announced.`;
}

function titlesOf(findings: readonly PushFinding[]): string {
  return enumerate(
    findings.map(({ finding }) => finding.title),
    maxNamed,
  );
}
