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
import { workloadFindings } from './workload-findings.js';

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
      element('h2', {}, 'No dead letters'),
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
  if (state === 'analyzing') return stamp('waiting', 'analyzing');
  if (state === 'refused') return stamp('refused', 'refused');
  if (state === 'not-an-image') return stamp('passed', 'not an image');
  if (state === 'dead-lettered') return stamp('refused', 'analysis failed');
  if (verdict === 'pass') return stamp('passed', 'passed');
  return verdict === 'fail' ? stamp('failed', 'failed') : stamp('unknown', 'not evaluated');
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
  const [{ images }, findings, ofWorkloads] = await Promise.all([
    api(path),
    api(`${path}/findings`),
    workloadFindings({ image: digest }),
  ]);
  return [
    element('p', {}, digest),
    ...images.map(imageLine),
    ...findingGroups(findings),
    ...ofWorkloads,
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
  const isEvaluated = push.state === 'analyzed' && images.length > 0;
  const findings = isEvaluated ? await api(`images/${digest}/findings?push=${encodeURIComponent(id)}`) : null;
  const platforms = images.map(({ platform }) => platform).join(', ');
  const about = [new Date(push.receivedAt).toLocaleString(), platforms, digest].filter(Boolean).join(' · ');
  return [
    element('p', { class: 'quiet' }, about),
    ...(findings === null ? [] : findingGroups(findings)),
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

/** The numbers that every other place shows, then one group for each upgrade, then the findings that are in no package. */
function findingGroups({ items, counts }) {
  if (items.length === 0) return [element('p', {}, 'No findings.')];
  const countedItems = items.filter(({ counted: isCounted }) => isCounted);
  const hidden = items.filter(({ counted: isCounted, by, state }) => !isCounted && by === null && state === 'shadowed');
  const suppressed = items.filter(({ by }) => by !== null);
  return [
    element('p', {}, 'Findings: ', ...severityCounts(counts)),
    ...lines(upgrades(countedItems), upgradeGroup, 'upgrades'),
    ...filesByKind(countedItems).map(fileGroup),
    hidden.length === 0 ? '' : notCounted(hidden, 'in packages or files that a later layer hides'),
    suppressed.length === 0 ? '' : notCounted(suppressed, 'suppressed by VEX or exceptions'),
  ];
}

function notCounted(findings, why) {
  const distinct = new Set(findings.map(({ fingerprint, path }) => `${fingerprint} ${path}`));
  return element('p', { class: 'quiet' }, `Not counted: ${counted(distinct.size, 'finding')} ${why}`);
}

/** Vulnerabilities and malware by the package to upgrade or remove: one piece of work each, worst first. */
function upgrades(findings) {
  const groups = Map.groupBy(findings.filter(isOfPackage), ({ packageName, installedVersion, fix }) =>
    JSON.stringify([packageName, installedVersion, fix.state]),
  );
  return [...groups.values()];
}

/** An altered file is shown by its path, also where a package owns it. */
function isOfPackage({ packageName, kind }) {
  return packageName !== null && kind !== 'integrity';
}

const kindTitles = {
  malware: 'Malware',
  secret: 'Secrets',
  integrity: 'Altered, unowned or suspicious files',
  'supply-chain': 'Supply chain',
  misconfiguration: 'Misconfiguration',
  vulnerability: 'Vulnerabilities',
};

function filesByKind(findings) {
  const others = findings.filter((finding) => !isOfPackage(finding));
  return Object.keys(kindTitles)
    .map((kind) => others.filter((finding) => finding.kind === kind))
    .filter((group) => group.length > 0);
}

function fileGroup(findings) {
  return groupOf(`${kindTitles[findings[0].kind]} (${findings.length})`, findings, fileLine);
}

const withoutFix = {
  'not-fixed': 'no fix yet',
  'wont-fix': 'will not be fixed',
  unknown: 'no fix known',
  fixed: 'fixed',
};

function upgradeGroup(findings) {
  const [{ packageName, installedVersion, fix, kind }] = findings;
  const name = [packageName, installedVersion].filter(Boolean).join(' ');
  if (kind === 'malware') return groupOf(`Remove ${name}: malicious`, findings, findingLine);
  return groupOf(fix.version ? `Upgrade ${name}` : `${name}: ${withoutFix[fix.state]}`, findings, findingLine);
}

function groupOf(title, findings, line) {
  const list = element('ul', {}, ...lines(findings, line, 'findings'));
  return element('div', { class: 'group' }, element('h2', {}, title), list);
}

function findingLine({ id, severity: name, title, match, path, layer, fix, kev, inUse }) {
  const remarks = [
    inUse && 'in use',
    kev && 'exploited in the wild',
    title,
    fix.version !== null && `fixed in ${fix.version}`,
    match === 'unknown' && 'the version could not be compared',
    path,
    layer !== null && `layer ${layer}`,
  ].filter(Boolean);
  return element('li', {}, severity(name), `${id} `, quiet(remarks.join(' · ')));
}

/** List item of a finding in a file: title, place and evidence. */
function fileLine({ id, severity: name, title, path, layer, state, packageName, evidence, ...places }) {
  const { line, origin, name: variable, masked, removedInLayer } = evidence;
  const place = path === null ? [origin, variable].filter(Boolean).join(' ') : `${path}${line ? `:${line}` : ''}`;
  const remarks = [
    packageName && `of package ${packageName}`,
    layer !== null && `layer ${layer}`,
    state === 'shadowed' && `${deletedText(removedInLayer)}, recoverable`,
    typeof masked === 'string' && masked,
    id,
  ].filter(Boolean);
  const where = place === '' ? [] : [element('code', {}, place), ' '];
  return element('li', {}, severity(name), `${title} `, ...where, quiet(remarks.join(' · ')), ...otherPlaces(places));
}

/** The places of a secret after the first, folded. */
function otherPlaces({ locations = [], moreLocations = 0 }) {
  const others = locations.slice(1);
  const count = others.length + moreLocations;
  if (count === 0) return [];
  const left = moreLocations > 0 ? [element('li', {}, `${moreLocations} more`)] : [];
  const items = others.map((location) => element('li', {}, locationText(location)));
  const summary = element('summary', {}, `and ${count} more ${count === 1 ? 'place' : 'places'}`);
  return [element('details', {}, summary, element('ul', {}, ...items, ...left))];
}

function locationText({ path, line, layer, state, removedInLayer, origin, name }) {
  const place = path === null ? [origin, name].filter(Boolean).join(' ') : `${path}${line ? `:${line}` : ''}`;
  const remarks = [place, layer !== null && `layer ${layer}`, state === 'shadowed' && deletedText(removedInLayer)];
  return remarks.filter(Boolean).join(' · ');
}

function deletedText(removedInLayer) {
  return typeof removedInLayer === 'number' ? `deleted in layer ${removedInLayer}` : 'deleted by a later layer';
}

function webhookSample() {
  return `notifications:
  endpoints:
    - name: tidewaiter
      url: http://${location.hostname}:7070/hooks/registry/main
      headers:
        Authorization: [Bearer <webhookSecret>]`;
}
