import { channels, deliveries } from './deliveries.js';
import { incidentDetail, incidentPage, readIncident } from './incident-page.js';
import { messagePage } from './message-page.js';
import {
  api,
  counted,
  digestButton,
  element,
  moment,
  nameOf,
  quiet,
  severity,
  severityCounts,
  stamp,
} from './parts.js';

/** Lines of one kind in the details of a push, at most; what is left out is counted. */
const maxLines = 100;

/** The lists of the console: where each is read, its columns, its details, and what it says when there is nothing. */
export const sections = {
  pushes: {
    title: 'Last pushes',
    path: 'pushes',
    columns: [
      { title: 'Verdict', kind: 'mark', cell: (push) => [verdict(push)] },
      {
        title: 'Image',
        isName: true,
        cell: (push, { opener }) => [opener(nameOf(push)), ' ', digestOf(push), trouble(push)],
      },
      { title: 'Findings', cell: ({ counts }) => (counts ? severityCounts(counts) : []) },
      { title: 'Pushed by', cell: ({ pushedBy, connection }) => [pushedBy ?? '', quiet(`via ${connection}`)] },
      { title: 'When', kind: 'when', cell: ({ receivedAt }) => [moment(receivedAt)] },
    ],
    detail: pushDetail,
    empty: () => [
      element('h2', {}, 'No ship has come in yet'),
      element('p', {}, 'Point the webhook of a registry at Tidewaiter. In the config.yml of a Docker registry:'),
      element('pre', {}, webhookSample()),
      element('p', {}, 'with a webhookSecret of a registry in tidewaiter.yaml. Then restart the registry and push:'),
      element('pre', {}, 'docker push localhost:5000/app:1'),
    ],
  },
  incidents: {
    title: 'Open incidents',
    path: 'incidents?state=open',
    columns: [
      { title: 'Severity', kind: 'mark', cell: (incident) => [severity(incident.severity)] },
      {
        title: 'Incident',
        isName: true,
        cell: ({ number, title, steps }, { opener }) => [opener(`INC-${number} ${title}`), quiet(stepsText(steps))],
      },
      {
        title: 'Where',
        cell: ({ workload, namespace, image, cluster }) => [workload ?? namespace ?? image ?? '', quiet(cluster ?? '')],
      },
      { title: 'Events', cell: ({ count }) => [counted(count, 'event')] },
      { title: 'Last seen', kind: 'when', cell: ({ lastSeen }) => [moment(lastSeen)] },
      {
        title: 'Action',
        kind: 'act',
        cell: ({ id, number }, { action }) => [
          action('Resolve', `INC-${number} resolved`, () => api(`incidents/${id}/resolve`, { method: 'POST' })),
        ],
      },
    ],
    detail: incidentDetail,
    empty: () => [
      element('h2', {}, 'Calm sea: no open incident'),
      element('p', {}, 'Runtime sensors report to the hook of their name in tidewaiter.yaml. In falcosidekick:'),
      element('pre', {}, `WEBHOOK_ADDRESS=http://${location.hostname}:7070/hooks/runtime/<name>`),
    ],
  },
  deliveries,
  channels,
  'dead-letters': {
    title: 'Dead letters',
    path: 'dead-letters',
    columns: [
      { title: 'By', kind: 'mark', cell: ({ worker, stage }) => [worker, quiet(stage)] },
      { title: 'Subject', isName: true, cell: ({ subject }) => [subject] },
      {
        title: 'Reason',
        cell: ({ code, reason, attempts }) => [reason, quiet(`${code} after ${counted(attempts, 'attempt')}`)],
      },
      { title: 'When', kind: 'when', cell: ({ createdAt }) => [moment(createdAt)] },
      {
        title: 'Action',
        kind: 'act',
        cell: ({ id, subject }, { action }) => [
          action('Redrive', `${subject} is tried again`, () => api(`dead-letters/${id}/redrive`, { method: 'POST' })),
        ],
      },
    ],
    empty: () => [
      element('h2', {}, 'Nothing was given up'),
      element('p', {}, 'What fails for good waits here, with its reason.'),
    ],
  },
};

/**
 * Pages about one thing, which links in messages lead to: `#images/<digest>`, `#incidents/<id>`. One that has `read` is read again while it
 * is shown, and painted anew when something has changed.
 */
export const pages = {
  images: { title: 'Image', section: sections.pushes, content: imagePage },
  incidents: { title: 'Incident', section: sections.incidents, read: readIncident, content: incidentPage },
  messages: { title: 'What messages look like', section: sections.channels, content: messagePage },
};

function verdict({ state, verdict }) {
  if (state === 'accepted') return stamp('waiting', 'waiting');
  if (state === 'analyzing') return stamp('waiting', 'inspecting');
  if (state === 'refused') return stamp('refused', 'refused');
  if (state === 'dead-lettered') return stamp('refused', 'given up');
  if (verdict === 'pass') return stamp('cleared', 'cleared');
  return verdict === 'fail' ? stamp('held', 'held') : stamp('unclear', 'unclear');
}

function digestOf({ digest, claimedDigest }) {
  const known = digest ?? claimedDigest;
  return known && digestButton(known);
}

function trouble({ reason, code, warningCount }) {
  if (reason !== null) return quiet(`${reason} (${code})`);
  return warningCount === 0 ? null : quiet(counted(warningCount, 'warning'));
}

/** How far it has come: `execution → impact`. */
function stepsText(steps) {
  return [...new Set(steps.map(({ stage, title }) => stage ?? title))].join(' → ');
}

async function imagePage(digest) {
  const path = `images/${encodeURIComponent(digest)}`;
  const [{ images }, { items: findings }] = await Promise.all([api(path), api(`${path}/findings`)]);
  return [
    element('p', {}, digest),
    ...images.map(imageLine),
    ...lines(upgrades(findings), upgradeGroup, 'upgrades'),
    findings.length === 0 ? element('p', {}, 'No findings.') : '',
    ...lines(
      images.flatMap(({ warnings }) => warnings),
      warningLine,
      'warnings',
    ),
  ];
}

function imageLine({ platform, os, packageCount, layers }) {
  const facts = [
    platform,
    os?.name ?? 'no distribution',
    counted(packageCount, 'package'),
    counted(layers.length, 'layer'),
  ];
  return element('p', { class: 'quiet' }, facts.join(' · '));
}

async function pushDetail({ id }) {
  const push = await api(`pushes/${id}`);
  const { digest, images, warnings } = push;
  const findings = images.length > 0 ? (await api(`images/${digest}/findings`)).items : [];
  const platforms = images.map(({ platform }) => platform).join(', ');
  const about = [new Date(push.receivedAt).toLocaleString(), platforms, digest].filter(Boolean).join(' · ');
  return [
    element('p', { class: 'quiet' }, about),
    ...lines(upgrades(findings), upgradeGroup, 'upgrades'),
    push.state === 'analyzed' && findings.length === 0 ? element('p', {}, 'No findings.') : '',
    ...lines(warnings, warningLine, 'warnings'),
  ];
}

function lines(items, show, noun) {
  const more = items.length - maxLines;
  return [...items.slice(0, maxLines).map(show), more > 0 ? element('p', {}, `${more} more ${noun}: ask the API`) : ''];
}

function warningLine({ code, path, message }) {
  return element('p', { class: 'quiet' }, `Warning: ${[code, path, message].filter(Boolean).join(' · ')}`);
}

/** Findings by the package to upgrade: one piece of work each, worst first, however many platforms have it. */
function upgrades(findings) {
  const groups = new Map();
  for (const finding of findings) {
    const key = JSON.stringify([finding.packageName, finding.installedVersion, finding.fix.state]);
    if (!groups.has(key)) groups.set(key, new Map());
    const group = groups.get(key);
    if (!group.has(finding.id)) group.set(finding.id, finding);
  }
  return [...groups.values()].map((group) => [...group.values()]);
}

const withoutFix = {
  'not-fixed': 'no fix yet',
  'wont-fix': 'will not be fixed',
  unknown: 'no fix known',
  fixed: 'fixed',
};

function upgradeGroup(findings) {
  const [{ packageName, installedVersion, fix }] = findings;
  const title = fix.version
    ? `Upgrade ${packageName} ${installedVersion}`
    : `${packageName} ${installedVersion}: ${withoutFix[fix.state]}`;
  return element('div', { class: 'group' }, element('h2', {}, title), element('ul', {}, ...findings.map(findingLine)));
}

function findingLine({ id, severity: name, title, match, state, layer, fix, kev, inUse }) {
  const remarks = [
    inUse && 'in use',
    kev && 'exploited in the wild',
    title,
    fix.version !== null && `fixed in ${fix.version}`,
    match === 'unknown' && 'the version could not be compared',
    state === 'shadowed' && `only in layer ${layer}, hidden by a later one`,
  ].filter(Boolean);
  return element('li', {}, severity(name), `${id} `, element('span', { class: 'quiet' }, remarks.join(' · ')));
}

function webhookSample() {
  return `notifications:
  endpoints:
    - name: tidewaiter
      url: http://${location.hostname}:7070/hooks/registry/main
      headers:
        Authorization: [Bearer <webhookSecret>]`;
}
