import { cut, type Severity, Unavailable } from '@tidewaiter/domain';

import { dedupKey } from '../dedup-key.js';
import { type Outcome, OutcomeUnknown, type OutgoingMessage, type ChannelSender } from '../sender.js';
import type { JiraConfig } from './config.js';
import {
  changeIssue,
  createIssue,
  findIssues,
  getIssue,
  type JiraCall,
  type JiraChange,
  type JiraIssue,
  JiraRefused,
  moveIssue,
} from './jira-api.js';
import { jiraDocument, jiraLimits, jiraMarkup } from './render.js';

/**
 * Time until Jira's search index surely has a new issue; an earlier search could lead to a
 * duplicate.
 */
const indexingMs = 60_000;

/** Jira's default priorities, which many projects have kept. */
const priorities: Record<Severity, string> = {
  critical: 'Highest',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Lowest',
  unknown: 'Medium',
};

/**
 * Keeps one Jira issue for each subject: updates it on changes, moves it through its workflow at
 * the end, and reopens it if the subject fires again soon. As in Alertmanager a label identifies
 * the issue, so a repetition finds it.
 * @see https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 */
export const jiraSender: ChannelSender<JiraConfig> = {
  async send(config, delivery, context) {
    const call = { config, context };
    const isOver = delivery.message.status === 'resolved';
    const issue = await issueOf(delivery, call, new Date());
    if (!issue && isPerhapsUnindexed(delivery)) {
      throw new Unavailable('JIRA_INDEXING', 'Jira may not have indexed the earlier message yet', {
        retryAfterMs: indexingMs,
      });
    }
    if (!issue) return sent(isOver ? null : await make(delivery, call));
    // Many workflows forbid changes to closed issues.
    if (isDone(issue) && config.reopenTransition !== undefined)
      await moveIssue(issue.key, config.reopenTransition, call);
    await change(issue.key, delivery, call);
    if (isOver && config.resolveTransition !== undefined) await moveIssue(issue.key, config.resolveTransition, call);
    return sent(issue.key);
  },
};

function sent(reference: string | null): Outcome {
  return { outcome: 'sent', reference, refused: [] };
}

/**
 * Whether an earlier state may have created an issue that is not yet indexed: its delivery is
 * unconfirmed, and the search may not find a recent issue.
 */
function isPerhapsUnindexed({ edition, attempt }: OutgoingMessage): boolean {
  return edition?.thread.isInDoubt === true && attempt === 1;
}

/**
 * Returns the usable issue of the subject; null without one. Found by the reference of an earlier
 * message, else by its label.
 */
async function issueOf(delivery: OutgoingMessage, call: JiraCall, now: Date): Promise<JiraIssue | null> {
  const { last, first } = delivery.edition?.thread ?? { last: null, first: null };
  const key = /^[A-Z][A-Z0-9_]*-\d+$/.exec(last?.reference ?? first?.reference ?? '')?.[0];
  const known = key === undefined ? null : await getIssue(key, call);
  const issues = known ? [known] : await findIssues(searchFor(call.config, delivery), call);
  const usable = issues.filter((issue) => canBeTakenUp(issue, call.config, delivery, now));
  return usable.find((issue) => !isDone(issue)) ?? usable[0] ?? null;
}

/**
 * @see
 * https://support.atlassian.com/jira-software-cloud/docs/what-is-advanced-search-in-jira-cloud/
 */
export function searchFor(
  { project, reopenTransition, reopenWithinMs }: JiraConfig,
  delivery: OutgoingMessage,
): string {
  const minutes = Math.floor(reopenWithinMs / 60_000);
  const recent = reopenTransition !== undefined && minutes > 0 ? ` OR resolutiondate >= -${minutes}m` : '';
  return `project = "${project}" AND labels = "${labelOf(delivery)}" AND (statusCategory != Done${recent}) ORDER BY created DESC`;
}

export function canBeTakenUp(
  issue: JiraIssue,
  { reopenTransition, reopenWithinMs, wontFixResolution }: JiraConfig,
  { message }: Pick<OutgoingMessage, 'message'>,
  now: Date,
): boolean {
  if (!isDone(issue)) return true;
  if (message.status === 'resolved' || reopenTransition === undefined) return false;
  const { resolution, resolutiondate } = issue.fields;
  if (wontFixResolution !== undefined && resolution?.name === wontFixResolution) return false;
  return now.getTime() - Date.parse(resolutiondate ?? '') <= reopenWithinMs;
}

function isDone({ fields }: JiraIssue): boolean {
  return fields.status.statusCategory.key === 'done';
}

/** Label of the issue, in Alertmanager's form. */
function labelOf(delivery: OutgoingMessage): string {
  return `ALERT{${dedupKey(delivery)}}`;
}

async function make(delivery: OutgoingMessage, call: JiraCall): Promise<string> {
  const { config } = call;
  const fields = {
    ...commonFields(config, delivery),
    ...titleAndText(config, delivery),
    project: { key: config.project },
    issuetype: { name: config.issueType },
    labels: labelsOf(config, delivery),
  };
  const issue = { fields, properties: propertiesOf(delivery) };
  try {
    return await orWithoutPriority(issue, config, async (each) => createIssue(each, call));
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    throw new OutcomeUnknown(error.message, error, { retryAfterMs: indexingMs });
  }
}

async function change(key: string, delivery: OutgoingMessage, call: JiraCall): Promise<void> {
  const { config } = call;
  const { summary, description } = titleAndText(config, delivery);
  const fields = {
    ...commonFields(config, delivery),
    ...(!config.kept.has('summary') && { summary }),
    ...(!config.kept.has('description') && { description }),
  };
  // Added instead of set, so that labels of users stay.
  const added = labelsOf(config, delivery).map((label) => ({ add: label }));
  const update = config.kept.has('labels') ? {} : { labels: added };
  const issue = { fields, update, properties: propertiesOf(delivery) };
  await orWithoutPriority(issue, config, async (each) => changeIssue(key, each, call));
}

function commonFields({ fields, priority }: JiraConfig, { message }: OutgoingMessage): JiraChange['fields'] {
  return { ...fields, priority: { name: priority ?? priorities[message.severity] } };
}

function labelsOf({ labels }: JiraConfig, delivery: OutgoingMessage): string[] {
  return [...labels, labelOf(delivery)];
}

/** Property with the last delivery that wrote the issue, for troubleshooting. */
function propertiesOf({ id }: OutgoingMessage): JiraChange['properties'] {
  return [{ key: 'tidewaiter', value: { delivery: id } }];
}

function titleAndText(config: JiraConfig, { message }: OutgoingMessage): { summary: string; description: unknown } {
  return {
    summary: cut(config.summary ?? message.title, jiraLimits.summaryChars),
    description: config.takesDocuments ? jiraDocument(message) : jiraMarkup(message),
  };
}

/**
 * Retries without the default priority where the project does not have it: an unconfigured priority
 * must not lose a message.
 */
async function orWithoutPriority<T>(
  issue: JiraChange,
  { priority }: JiraConfig,
  write: (issue: JiraChange) => Promise<T>,
): Promise<T> {
  try {
    return await write(issue);
  } catch (error) {
    if (priority !== undefined || !(error instanceof JiraRefused) || !error.fields.includes('priority')) throw error;
    const { priority: _, ...fields } = issue.fields;
    return write({ ...issue, fields });
  }
}
