/** A row of a list, as the API has it. */
export type ListItem = Readonly<Record<string, unknown>>;

/** Columns of a table for terminals, by their headings. */
export type ListColumns = Readonly<Record<string, (item: ListItem) => unknown>>;

const imageOf = ({ repository, tag }: ListItem) =>
  typeof tag === 'string' ? `${String(repository)}:${tag}` : repository;
const shortDigest = (digest: unknown) => String(digest).slice('sha256:'.length, 'sha256:'.length + 12);
const runningOf = ({ running }: ListItem) => (running === true ? 'running' : '');
const exploitedOf = ({ kev, epss }: ListItem) =>
  kev === true ? 'KEV' : typeof epss === 'number' ? epss.toFixed(2) : '';
const sumOf = (counts: unknown) =>
  Object.values(Object(counts) as Record<string, number>).reduce((sum, each) => sum + each, 0);

/** Source of an entry: the line of `tidewaiter.yaml`, or the version and its author. */
const sourceOf = ({ source, line, version, author }: ListItem) =>
  source === 'file' ? `tidewaiter.yaml:${String(line)}` : `version ${String(version)} by ${String(author)}`;
const documentKey = (key: string) => (item: ListItem) => {
  const value = (item['document'] as ListItem)[key];
  return Array.isArray(value) ? value.join(' ') : value;
};
const nameOf = ({ name }: ListItem) => name;
const stateOf = ({ state }: ListItem) => state;
const idOf = ({ id }: ListItem) => id;
const problemOf = ({ code, reason }: ListItem) => [code, reason].filter((text) => typeof text === 'string').join(': ');

/** Columns of each list, by the name of the list in the API. */
export const listColumns = {
  repositories: {
    repository: ({ repository }) => repository,
    tags: ({ tags }) => tags,
    failed: ({ failedTags }) => failedTags,
    worst: ({ severity }) => severity,
    running: runningOf,
    pushed: ({ newest }) => (newest as ListItem)['receivedAt'],
  },
  images: {
    image: imageOf,
    digest: ({ digest }) => shortDigest(digest),
    verdict: ({ verdict }) => verdict,
    worst: ({ severity }) => severity,
    running: runningOf,
    platform: ({ platform }) => platform,
    pushed: ({ receivedAt }) => receivedAt,
  },
  pushes: {
    image: imageOf,
    digest: ({ digest }) => (digest === null ? '' : shortDigest(digest)),
    state: ({ state }) => state,
    verdict: ({ verdict }) => verdict,
    by: ({ pushedBy }) => pushedBy,
    received: ({ receivedAt }) => receivedAt,
  },
  vulnerabilities: {
    id: ({ id }) => id,
    severity: ({ severity }) => severity,
    exploited: exploitedOf,
    fix: ({ fixable }) => (fixable === true ? 'fixable' : ''),
    images: ({ images }) => images,
    running: ({ runningImages }) => runningImages,
    packages: ({ packages }) => (packages as string[]).join(' '),
    title: ({ title }) => title,
  },
  fixes: {
    upgrade: ({ package: name, fromVersions, toVersion }) =>
      `${String(name)} ${(fromVersions as string[]).join(', ')} → ${String(toVersion)}`,
    severity: ({ severity }) => severity,
    exploited: exploitedOf,
    closes: ({ vulnerabilities }) => (vulnerabilities as string[]).length,
    images: ({ images }) => images,
    running: ({ runningImages }) => runningImages,
    ecosystem: ({ ecosystem }) => ecosystem,
  },
  workloads: {
    workload: ({ namespace, kind, name }) => [namespace, kind, name].filter((part) => part !== '').join('/'),
    cluster: ({ cluster }) => cluster,
    containers: ({ containers }) => containers,
    worst: ({ severity }) => severity,
    incidents: ({ incidents }) => incidents,
    misconfigured: ({ misconfigurations }) => sumOf(misconfigurations),
    images: ({ images }) => (images as ListItem[]).map(imageOf).join(' '),
  },
  incidents: {
    incident: ({ number }) => `INC-${String(number)}`,
    severity: ({ severity }) => severity,
    state: ({ state }) => state,
    assignee: ({ assignee }) => assignee,
    acknowledged: ({ acknowledgedBy }) => acknowledgedBy,
    workload: ({ workload }) => workload,
    seen: ({ lastSeen }) => lastSeen,
    title: ({ title }) => title,
  },
  alerts: {
    at: ({ at }) => at,
    severity: ({ severity }) => severity,
    rule: ({ rule }) => (rule as ListItem)['title'],
    workload: ({ context }) => (context as ListItem)['workload'],
    image: ({ context }) => (context as ListItem)['image'],
    incident: ({ incidentNumber }) => (typeof incidentNumber === 'number' ? `INC-${incidentNumber}` : ''),
  },
  rules: {
    rule: ({ title, id }) => title ?? id,
    level: ({ level }) => level,
    state: stateOf,
    kind: ({ kind }) => kind,
    place: ({ file, line }) => `${String(file)}:${String(line)}`,
    reason: ({ reason }) => reason,
  },
  deliveries: {
    id: idOf,
    state: stateOf,
    receiver: ({ receiver, channel }) => `${String(receiver)} by ${String(channel)}`,
    tries: ({ attempt }) => attempt,
    created: ({ createdAt }) => createdAt,
    about: ({ groupLabels }) =>
      Object.entries(groupLabels as ListItem)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' '),
    problem: problemOf,
  },
  silences: {
    id: idOf,
    starts: ({ startsAt }) => startsAt,
    ends: ({ endsAt }) => endsAt,
    by: ({ createdBy }) => createdBy,
    matchers: ({ matchers }) => (matchers as string[]).join(', '),
    comment: ({ comment }) => comment,
  },
  'dead-letters': {
    id: idOf,
    failed: ({ createdAt }) => createdAt,
    worker: ({ worker }) => worker,
    attempts: ({ attempts }) => attempts,
    subject: ({ subject, channel }) => channel ?? subject,
    redriven: ({ redrivenAt }) => redrivenAt,
    problem: problemOf,
  },
  containment: {
    id: idOf,
    state: stateOf,
    action: ({ action, undoes }) => (undoes === null ? action : `undo ${String(action)}`),
    'dry run': ({ dryRun }) => (dryRun === true ? 'dry run' : ''),
    cluster: ({ cluster }) => cluster,
    object: ({ subject }) => {
      const { kind, namespace, name } = subject as Record<string, string | null>;
      return [kind, namespace, name].filter((part) => part !== null).join('/');
    },
    by: ({ author }) => author,
    created: ({ createdAt }) => createdAt,
    code: ({ code }) => code,
  },
  audit: {
    number: ({ number }) => number,
    at: ({ at }) => at,
    actor: ({ actor }) => actor,
    action: ({ action }) => action,
    subject: ({ subject }) => subject,
    address: ({ address }) => address,
  },
  exceptions: {
    name: nameOf,
    finding: documentKey('finding'),
    repository: documentKey('repository'),
    until: documentKey('until'),
    state: stateOf,
    owner: documentKey('owner'),
    source: sourceOf,
    reason: documentKey('reason'),
  },
  policies: {
    name: nameOf,
    mode: (item) => documentKey('mode')(item) ?? 'enforce',
    repositories: documentKey('repositories'),
    state: stateOf,
    source: sourceOf,
  },
  signers: { name: nameOf, repositories: documentKey('repositories'), state: stateOf, source: sourceOf },
  registries: {
    name: nameOf,
    kind: documentKey('kind'),
    url: documentKey('url'),
    state: stateOf,
    source: sourceOf,
  },
  reports: {
    name: nameOf,
    by: (item) => documentKey('by')(item) ?? 'repository',
    query: (item) => documentKey('query')(item) ?? 'severity>=high',
    schedule: documentKey('schedule'),
    receiver: documentKey('receiver'),
    sent: ({ lastSeenAt }) => lastSeenAt,
    state: stateOf,
    source: sourceOf,
  },
  sensors: {
    name: nameOf,
    kind: documentKey('kind'),
    cluster: documentKey('cluster'),
    state: stateOf,
    source: sourceOf,
  },
} as const satisfies Record<string, ListColumns>;

/** Lists that a command prints. */
export type PrintedList = keyof typeof listColumns;
