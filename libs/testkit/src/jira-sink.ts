import { httpSink, type SinkAnswer, type HttpSink, type ReceivedRequest } from './http-sink.js';

/** An issue as users see it. */
export interface JiraSinkIssue {
  key: string;
  fields: Record<string, unknown> & { labels: string[] };
  properties: Record<string, unknown>;
  status: 'To Do' | 'Done';
  resolution: string | null;
  resolvedAt: Date | null;
  /** How often it was edited. */
  edits: number;
}

export interface JiraSink extends HttpSink {
  /** URL before `/issue`, by version. */
  apiUrl(version: 2 | 3): string;
  /** Oldest first. */
  issues: JiraSinkIssue[];
  /** Closes an issue as a user does, this long ago. */
  close(key: string, resolution: string, msAgo?: number): void;
  /** Searches do not find issues that are made from now on, as while Jira has not indexed them. */
  stopIndexing(): void;
}

type Fields = Record<string, unknown>;

/** Errors of a response with status 400, by field. */
class Refusal extends Error {
  constructor(
    readonly errors: Record<string, string>,
    readonly errorMessages: string[] = [],
  ) {
    super('refused');
  }
}

const priorities: ReadonlySet<unknown> = new Set(['Highest', 'High', 'Medium', 'Low', 'Lowest']);
const screen: ReadonlySet<string> = new Set([
  'project',
  'issuetype',
  'summary',
  'description',
  'labels',
  'priority',
  'components',
  'customfield_10001',
]);
const transitions = {
  'To Do': [
    { id: '31', name: 'Resolve', to: 'Done', resolution: 'Done' },
    { id: '41', name: 'Give up', to: 'Done', resolution: "Won't Do" },
  ],
  Done: [{ id: '51', name: 'Reopen', to: 'To Do', resolution: null }],
} as const;

/**
 * Jira with one project, `SEC`, whose issues are to do or done, as a Cloud or a Data Center
 * answers.
 * @see https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 */
export async function jiraSink(kind: 'cloud' | 'datacenter', { withPriorities = true } = {}): Promise<JiraSink> {
  const project = new Project(kind, withPriorities);
  const sink = await httpSink((request) => answer(request, project));
  return {
    ...sink,
    apiUrl: (version) => `${sink.url}/rest/api/${version}`,
    issues: project.issues,
    close: (key, resolution, msAgo) => project.close(key, resolution, msAgo),
    stopIndexing: () => project.stopIndexing(),
  };
}

function answer({ method, path, headers, body }: ReceivedRequest, project: Project): SinkAnswer {
  if (!/^(?:Basic|Bearer) ./.test(headers.authorization ?? ''))
    return { status: 401, body: 'Client must be authenticated' };
  const [, version, rest = ''] = /^\/rest\/api\/([23])\/([^?]*)/.exec(path) ?? [];
  const given = (body ?? {}) as Fields;
  try {
    const result = project.call(`${method} ${rest}`, given, version === '3');
    return result === undefined ? { status: 204 } : result;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: 400, body: { errorMessages: error.errorMessages, errors: error.errors } };
  }
}

const notThere: SinkAnswer = { status: 404, body: { errorMessages: ['Issue does not exist'], errors: {} } };

class Project {
  readonly issues: JiraSinkIssue[] = [];
  readonly #unindexed = new Set<string>();
  #isIndexing = true;

  constructor(
    private readonly kind: 'cloud' | 'datacenter',
    private readonly withPriorities: boolean,
  ) {}

  close(key: string, resolution: string, msAgo = 0): void {
    const issue = this.issues.find((each) => each.key === key);
    if (issue) Object.assign(issue, { status: 'Done', resolution, resolvedAt: new Date(Date.now() - msAgo) });
  }

  stopIndexing(): void {
    this.#isIndexing = false;
  }

  /** Undefined: a response without content. */
  call(what: string, body: Fields, isVersion3: boolean): SinkAnswer | undefined {
    if (what === 'POST search/jql' && this.kind === 'cloud') return this.#search(body);
    if (what === 'POST search/jql') return { status: 404 };
    if (what === 'POST search')
      return this.kind === 'cloud'
        ? { status: 410, body: { errorMessages: ['The requested API has been removed.'], errors: {} } }
        : this.#search(body);
    if (what === 'POST issue') return this.#create(body, isVersion3);
    const [, method, key, isMove] = /^(GET|PUT|POST) issue\/([A-Z]+-\d+)(\/transitions)?$/.exec(what) ?? [];
    const issue = this.issues.find((each) => each.key === key);
    if (!issue) return notThere;
    if (isMove && method === 'GET') return { status: 200, body: { transitions: [...transitions[issue.status]] } };
    if (isMove) return this.#move(issue, body);
    return method === 'GET' ? { status: 200, body: shown(issue) } : this.#edit(issue, body, isVersion3);
  }

  /** Supports the queries of our client. */
  #search({ jql, fields }: Fields): SinkAnswer {
    const form =
      /^project = "(\w+)" AND labels = "([^"\\]+)" AND \(statusCategory != Done(?: OR resolutiondate >= -(\d+)m)?\) ORDER BY created DESC$/;
    const [, project, label = '', minutes] = form.exec(String(jql)) ?? [];
    if (project !== 'SEC') throw new Refusal({}, ['Error in the JQL Query']);
    if (!Array.isArray(fields)) throw new Refusal({}, ['fields are required']);
    const since = Date.now() - Number(minutes ?? 0) * 60_000;
    const found = this.issues.filter(
      ({ key, status, resolvedAt, fields: { labels } }) =>
        !this.#unindexed.has(key) &&
        labels.includes(label) &&
        (status !== 'Done' || (minutes !== undefined && Number(resolvedAt) >= since)),
    );
    return { status: 200, body: { issues: found.toReversed().map(shown) } };
  }

  #create({ fields, properties }: Fields, isVersion3: boolean): SinkAnswer {
    const given = (fields ?? {}) as Fields;
    this.#check(given, isVersion3);
    const missing = ['project', 'issuetype', 'summary'].filter((name) => given[name] === undefined);
    if (missing.length > 0) throw new Refusal(Object.fromEntries(missing.map((name) => [name, `${name} is required`])));
    const key = `SEC-${this.issues.length + 1}`;
    const labels = (given['labels'] ?? []) as string[];
    const state = { status: 'To Do', resolution: null, resolvedAt: null, edits: 0 } as const;
    this.issues.push({ key, fields: { ...given, labels }, properties: propertiesOf(properties), ...state });
    if (!this.#isIndexing) this.#unindexed.add(key);
    return { status: 201, body: { id: '10000', key } };
  }

  #edit(issue: JiraSinkIssue, { fields, update, properties }: Fields, isVersion3: boolean): SinkAnswer | undefined {
    const given = (fields ?? {}) as Fields;
    this.#check(given, isVersion3);
    if (issue.status === 'Done') throw new Refusal({}, ['You do not have permission to edit issues in this status.']);
    const added = ((update as { labels?: { add: string }[] } | undefined)?.labels ?? []).map(({ add }) => add);
    const labels = [...new Set([...((given['labels'] as string[] | undefined) ?? issue.fields.labels), ...added])];
    Object.assign(issue.fields, given, { labels });
    Object.assign(issue.properties, propertiesOf(properties));
    issue.edits += 1;
    return undefined;
  }

  #move(issue: JiraSinkIssue, { transition }: Fields): SinkAnswer | undefined {
    const { id } = transition as { id: string };
    const found = transitions[issue.status].find((each) => each.id === id);
    if (!found)
      throw new Refusal({}, ['It seems that you have tried to perform a workflow operation that is not valid.']);
    const resolvedAt = found.resolution === null ? null : new Date();
    Object.assign(issue, { status: found.to, resolution: found.resolution, resolvedAt });
    return undefined;
  }

  #check(fields: Fields, isVersion3: boolean): void {
    const errors: Record<string, string> = {};
    const { project, summary, description, labels, priority } = fields;
    for (const name of Object.keys(fields))
      if (!screen.has(name) || (name === 'priority' && !this.withPriorities))
        errors[name] = `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`;
    if (project !== undefined && (project as { key?: string }).key !== 'SEC')
      errors['project'] = 'valid project is required';
    if (summary !== undefined && !(typeof summary === 'string' && /^[^\r\n]{1,255}$/.test(summary)))
      errors['summary'] = 'The summary is invalid because it contains newline characters or is longer than 255.';
    if (description !== undefined && (isVersion3 ? !isDocument(description) : !isMarkup(description)))
      errors['description'] = isVersion3
        ? 'Operation value must be an Atlassian Document'
        : 'Operation value must be a string';
    if (labels !== undefined && !(labels as string[]).every((label) => /^\S+$/.test(label)))
      errors['labels'] = 'The label contains spaces which is invalid.';
    if (priority !== undefined && this.withPriorities && !priorities.has((priority as { name?: string }).name))
      errors['priority'] = 'The priority selected is invalid.';
    if (Object.keys(errors).length > 0) throw new Refusal(errors);
  }
}

function shown({ key, status, resolution, resolvedAt }: JiraSinkIssue): Record<string, unknown> {
  return {
    key,
    fields: {
      status: { name: status, statusCategory: { key: status === 'Done' ? 'done' : 'new' } },
      resolution: resolution === null ? null : { name: resolution },
      resolutiondate: resolvedAt?.toISOString().replace('Z', '+0000') ?? null,
    },
  };
}

function propertiesOf(properties: unknown): Record<string, unknown> {
  return Object.fromEntries(
    ((properties ?? []) as { key: string; value: unknown }[]).map(({ key, value }) => [key, value]),
  );
}

function isMarkup(description: unknown): boolean {
  return typeof description === 'string' && description.length <= 32_767;
}

interface Node {
  type?: string;
  text?: string;
  content?: Node[];
}

function isDocument(description: unknown): boolean {
  const { type, content } = description as Node;
  const isWhole = ({ type: kind, text, content: children = [] }: Node): boolean =>
    (kind !== 'text' || (typeof text === 'string' && text !== '')) &&
    (kind !== 'bulletList' || children.length > 0) &&
    children.every(isWhole);
  return (
    type === 'doc' && Array.isArray(content) && content.every(isWhole) && JSON.stringify(description).length <= 32_767
  );
}
