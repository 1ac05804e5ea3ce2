import {
  ago,
  api,
  apiIfChanged,
  counted,
  digestButton,
  element,
  moment,
  nameOf,
  quiet,
  severity,
  severityCounts,
} from './parts.js';
import { workloadFindings } from './workload-findings.js';

/** Lines of evidence, images and workloads that the page shows at most. */
const maxLines = 50;

/** The incident, unless it is as it was. */
export async function readIncident(id, etag) {
  return apiIfChanged(`incidents/${encodeURIComponent(id)}`, etag);
}

/** The whole story of one incident: what to do stands before how it came. */
export async function incidentPage(incident, tools) {
  const { workload, cluster } = incident;
  // One that is no namespace/Kind/name is none of Kubernetes.
  const ofWorkload =
    workload?.split('/').length !== 3 ? [] : await workloadFindings({ workload, ...(cluster !== null && { cluster }) });
  return [
    element('h2', { class: 'story' }, severity(incident.severity), ` ${incident.title}`),
    element('p', { class: 'quiet' }, ...factsLine(incident)),
    ...actions(incident, tools),
    element('p', { class: 'sentence' }, incident.sentence),
    part('What to do', incident.state === 'open' ? list('ol', incident.nextSteps) : null),
    part('Timeline', timeline(incident.timeline)),
    part('Image context', imageFacts(incident)),
    ...ofWorkload,
    part('Blast radius', blastRadius(incident)),
    part('Evidence', evidence(incident)),
    credits(incident.rules),
  ];
}

/** What unfolds below the row of an incident. */
export async function incidentDetail({ id, sentence, steps, rules }) {
  return [
    element('p', { class: 'sentence' }, sentence),
    timeline(steps.map((step) => ({ ...step, kind: 'step', detail: step.technique }))),
    element('p', {}, element('a', { href: `#incidents/${id}` }, 'Open the whole story')),
    credits(rules),
  ];
}

/** What somebody can do about it. */
function actions({ id, number, state, revisions }, { change }) {
  const by = lookedAfterBy(revisions);
  if (state !== 'open') return [];
  const say = (text, done, verb) =>
    change(text, done, () => api(`incidents/${id}/${verb}`, { method: 'POST' }), `incident-${verb}`);
  return [
    element(
      'p',
      { class: 'actions' },
      by === null ? say('Acknowledge', `You look after INC-${number}`, 'acknowledge') : `${by} looks after it`,
      ' ',
      say('Resolve', `INC-${number} is resolved`, 'resolve'),
    ),
  ];
}

/** Who said so last, unless it has got worse since. */
function lookedAfterBy(revisions) {
  const last = revisions.findLast(({ kind }) => ['acknowledged', 'worsened', 'reopened'].includes(kind));
  return last?.kind === 'acknowledged' ? (last.actor ?? 'Somebody') : null;
}

function part(title, content) {
  return content === null ? '' : element('section', { class: 'group' }, element('h3', {}, title), content);
}

function list(kind, texts) {
  return texts.length === 0 ? null : element(kind, {}, ...texts.map((text) => element('li', {}, text)));
}

function factsLine({ number, state, resolvedBy, resolvedAt, workload, cluster, image, imageDigest, count, firstSeen }) {
  const ended = state === 'resolved' && `resolved${resolvedBy === null ? '' : ` by ${resolvedBy}`} ${ago(resolvedAt)}`;
  const texts = [`INC-${number}`, ended || state, workload, cluster, image, counted(count, 'event')].filter(Boolean);
  return [
    `${texts.join(' · ')} · since `,
    moment(firstSeen),
    ...(imageDigest === null ? [] : [' ', digestButton(imageDigest)]),
  ];
}

const signs = { push: '↥', step: '●', state: '◇', message: '✉' };
const words = { push: 'push', step: 'step', state: 'incident', message: 'message' };

function timeline(entries) {
  let day = '';
  const lines = entries.map(({ at, kind, title, detail, severity: name }) => {
    const time = new Date(at);
    const isKnown = !Number.isNaN(time.getTime());
    const date = isKnown ? time.toLocaleDateString() : '';
    const clock = isKnown ? time.toLocaleTimeString([], { hour12: false }) : at;
    const shown = date === day ? clock : `${date} ${clock}`;
    day = date;
    return element(
      'li',
      { class: kind },
      element('time', { datetime: isKnown ? time.toISOString() : undefined, title: at }, shown),
      element('span', { class: `sign ${kind === 'step' ? (name ?? '') : ''}`, 'aria-hidden': 'true' }, signs[kind]),
      element(
        'span',
        {},
        element('span', { class: 'unseen' }, `${words[kind]}: `),
        title,
        detail === null ? '' : quiet(` ${detail}`),
      ),
    );
  });
  return lines.length === 0 ? null : element('ol', { class: 'timeline' }, ...lines);
}

function imageFacts({ factsUsed, imageFacts: image }) {
  const lines = factsUsed.map((text) => element('li', {}, text));
  if (image !== null) lines.push(...knownImage(image));
  else lines.push(element('li', {}, 'Tidewaiter has not analyzed this image: its content is unknown.'));
  return element('ul', {}, ...lines);
}

function knownImage({ digest, push, counts, findings, provenance, isEvaluated }) {
  const { isSigned, signers, builder, source, revision } = provenance;
  const signed =
    isSigned === null ? 'signatures are not required' : isSigned ? `signed by ${signers.join(', ')}` : 'not signed';
  const origin = [signed, builder && `built by ${builder}`, source && `from ${source}`, revision].filter(Boolean);
  const pushed = [`Pushed as ${nameOf(push)}`, push.pushedBy && ` by ${push.pushedBy}`, ' '].filter(Boolean).join('');
  return [
    element('li', {}, pushed, moment(push.pushedAt ?? push.receivedAt), quiet(` ${origin.join(' · ')}`)),
    element(
      'li',
      {},
      element('a', { href: `#images/${digest}` }, 'Its findings'),
      ': ',
      ...(isEvaluated ? severityCounts(counts) : ['not everything could be evaluated, ', ...severityCounts(counts)]),
    ),
    ...findings.slice(0, 5).map(findingLine),
  ];
}

function findingLine({ id, severity: name, packageName, installedVersion, kev, inUse, fix }) {
  const remarks = [
    packageName && `${packageName} ${installedVersion ?? ''}`.trim(),
    inUse && 'in use',
    kev && 'exploited in the wild',
    fix.version !== null && `fixed in ${fix.version}`,
  ].filter(Boolean);
  return element('li', { class: 'below' }, severity(name), ` ${id} `, quiet(remarks.join(' · ')));
}

function blastRadius({ workloads, blastRadius: { images, incidents, workloads: reached } }) {
  const lines = [
    ...workloads.map(({ workload, cluster, pods }) => [
      `${workload} is affected`,
      [cluster, counted(pods.length, 'pod')].filter(Boolean).join(' · '),
    ]),
    ...reached.items.map(({ workload, cluster, shares }) => [`${workload} runs the same ${shares}`, cluster]),
    ...images.items.map(({ registry, repository, tag, shares }) => [
      `${registry}/${repository}:${tag} ${shares === 'image' ? 'points to this image' : `has the same ${shares}`}`,
      null,
    ]),
  ];
  const hidden = images.total - images.items.length + reached.total - reached.items.length;
  const more = Math.max(0, lines.length - maxLines) + hidden;
  const shown = lines
    .slice(0, maxLines)
    .map(([text, detail]) => element('li', {}, text, detail ? quiet(` ${detail}`) : ''));
  const others = incidents.map(({ id, number, title, shares }) =>
    element(
      'li',
      {},
      element('a', { href: `#incidents/${id}` }, `INC-${number}`),
      ` ${title} `,
      quiet(`saw the same ${shares.join(', ')}`),
    ),
  );
  if (shown.length + others.length === 0) return element('p', {}, 'No other workload or image affected.');
  return element('ul', {}, ...shown, more > 0 ? element('li', {}, `${more} more: ask the API`) : '', ...others);
}

function evidence({ evidence: lines }) {
  if (lines.length === 0) return null;
  return element('ul', { class: 'evidence' }, ...lines.slice(0, maxLines).map(evidenceLine));
}

function evidenceLine({ at, source, rule, text, where, record }) {
  const about = [source, where, rule].filter(Boolean).join(' · ');
  const raw =
    record &&
    element(
      'details',
      { 'data-key': `${at} ${text}` },
      element('summary', {}, 'In the sensor’s words'),
      element('pre', {}, JSON.stringify(record, null, 2)),
    );
  return element('li', {}, moment(at), ' ', element('code', {}, text), quiet(` ${about}`), raw ?? '');
}

/** Licences of rules ask for the name of their author. */
function credits(rules) {
  const lines = rules.map(({ title, author, license, link }) => {
    const by = [author && ` by ${author}`, license && ` (${license})`].filter(Boolean).join('');
    const name =
      link && new URL(link).protocol === 'https:' ? element('a', { href: link, rel: 'noreferrer' }, title) : title;
    return element('li', {}, name, by);
  });
  return lines.length === 0 ? '' : element('ul', { class: 'credits', 'aria-label': 'Rules that found it' }, ...lines);
}
