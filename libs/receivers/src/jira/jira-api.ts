import { InvalidInput } from '@tidewaiter/domain';
import type { EgressResponse } from '@tidewaiter/egress';
import { z } from 'zod';

import { authorization, httpFailure } from '../http-channel.js';
import { answerText, exchange, jsonOf, withoutDoubt } from '../outbound.js';
import { OutcomeUnknown, type SendContext } from '../sender.js';
import type { JiraConfig } from './config.js';

const maxAnswerBytes = 1024 * 1024;
/** Issues with one label that are looked through, newest first. */
const maxFound = 50;
const fieldsOfInterest = ['status', 'resolution', 'resolutiondate'];

/** Jira will never take it as it is. */
export class JiraRefused extends InvalidInput {
  constructor(
    status: number,
    /** Names of those of our fields that Jira does not like. */
    readonly fields: string[],
  ) {
    super(
      'JIRA_REFUSED',
      `Jira answered status ${status}${fields.length > 0 ? `, because of ${fields.join(', ')}` : ''}`,
    );
  }
}

const issueShape = z.object({
  key: z.string().regex(/^[A-Z][A-Z0-9_]{0,254}-\d{1,18}$/),
  fields: z.object({
    status: z.object({ statusCategory: z.object({ key: z.string() }) }),
    resolution: z.object({ name: z.string() }).nullish(),
    resolutiondate: z.string().nullish(),
  }),
});
const createdShape = issueShape.pick({ key: true });
const foundShape = z.object({ issues: z.array(issueShape) });
const transitionsShape = z.object({ transitions: z.array(z.object({ id: z.string(), name: z.string() })) });
const refusalShape = z.object({ errors: z.record(z.string(), z.unknown()).catch({}) });

/** An issue as far as it matters whether it is still the one. */
export type JiraIssue = z.infer<typeof issueShape>;

/** An issue as it is written. */
export interface JiraChange {
  fields: Record<string, unknown>;
  update?: Record<string, unknown>;
  properties: { key: string; value: unknown }[];
}

export interface JiraCall {
  config: JiraConfig;
  context: SendContext;
}

/** The issues that a query finds. @throws Unavailable, AccessDenied, InvalidInput */
export async function findIssues(jql: string, call: JiraCall): Promise<JiraIssue[]> {
  const { apiUrl, isCloud } = call.config;
  // The Cloud has no other search any more, a Data Center does not have this one.
  const path = isCloud ? `${apiUrl.replace(/\/(?:2|latest)$/, '/3')}/search/jql` : `${apiUrl}/search`;
  const body = { jql, maxResults: maxFound, fields: fieldsOfInterest };
  const { issues } = await withoutDoubt('Jira', async () => read(foundShape, await request('POST', path, body, call)));
  return issues;
}

/** Null when there is no such issue for us. */
export async function getIssue(key: string, call: JiraCall): Promise<JiraIssue | null> {
  const url = `${issueUrl(key, call)}?fields=${fieldsOfInterest.join(',')}`;
  return withoutDoubt('Jira', async () => {
    const response = await request('GET', url, undefined, call);
    if (response.status !== 404) return read(issueShape, response);
    await response.discard();
    return null;
  });
}

/** Answers the key of the new issue. */
export async function createIssue(issue: JiraChange, call: JiraCall): Promise<string> {
  const { key } = await read(
    createdShape,
    await request('POST', `${call.config.apiUrl}/issue`, issue, call),
    Object.keys(issue.fields),
  );
  return key;
}

export async function changeIssue(key: string, change: JiraChange, call: JiraCall): Promise<void> {
  const sent = Object.keys({ ...change.fields, ...change.update });
  await taken(await request('PUT', issueUrl(key, call), change, call), sent);
}

/**
 * Takes an issue through its workflow, by the name of a transition.
 * @throws InvalidInput `JIRA_NO_TRANSITION`
 */
export async function moveIssue(key: string, transition: string, call: JiraCall): Promise<void> {
  const url = `${issueUrl(key, call)}/transitions`;
  const { transitions } = await withoutDoubt('Jira', async () =>
    read(transitionsShape, await request('GET', url, undefined, call)),
  );
  const found = transitions.find(({ name }) => name === transition);
  if (!found) throw new InvalidInput('JIRA_NO_TRANSITION', `${key} has no transition ${transition} from where it is`);
  await taken(await request('POST', url, { transition: { id: found.id } }, call), []);
}

function issueUrl(key: string, { config }: JiraCall): string {
  return `${config.apiUrl}/issue/${key}`;
}

async function request(
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  body: object | undefined,
  { config, context }: JiraCall,
): Promise<EgressResponse> {
  // Names of transitions and resolutions are translated into the language of who asks.
  const headers = { accept: 'application/json', 'accept-language': 'en', 'content-type': 'application/json' };
  const { http, timeoutMs } = config;
  const credentials = await authorization(http, context);
  const sent = { method, headers, http, timeoutMs, ...credentials, ...(body && { body: JSON.stringify(body) }) };
  return exchange(url, sent, context);
}

async function read<T>(shape: z.ZodType<T>, response: EgressResponse, sent: readonly string[] = []): Promise<T> {
  const text = await taken(response, sent);
  const answer = shape.safeParse(jsonOf(text));
  if (answer.success) return answer.data;
  throw new OutcomeUnknown('Jira answered in a form that is not its own; the message may have arrived', undefined);
}

/** The answer of a request that Jira took. */
async function taken(response: EgressResponse, sent: readonly string[]): Promise<string> {
  const text = await answerText(response, maxAnswerBytes);
  const { status } = response;
  if (status >= 200 && status < 300) return text;
  if (status !== 400) throw httpFailure('Jira', response);
  const { errors = {} } = refusalShape.safeParse(jsonOf(text)).data ?? {};
  // Only names that were sent: a hostile server could answer with the credentials, and the message
  // is logged.
  throw new JiraRefused(
    status,
    sent.filter((name) => Object.hasOwn(errors, name)),
  );
}
