import { api, counted, element, moment, quiet, stamp } from './parts.js';

const deliveryStamps = {
  held: 'waiting',
  pending: 'waiting',
  sending: 'waiting',
  retrying: 'unknown',
  sent: 'passed',
  superseded: 'passed',
  merged: 'passed',
  suppressed: 'passed',
  failed: 'refused',
};

/** Filters of the list, with their labels. */
const shownStates = {
  '': 'all messages',
  failed: 'failed',
  'fallen-back': 'failed, fallback notified',
  retrying: 'retrying',
  held: 'held for their group',
  sent: 'sent',
};

/** The list of messages to people: `#deliveries?receiver=team&state=failed`. */
export const deliveries = {
  title: 'Deliveries',
  path: 'deliveries',
  filters: ['receiver', 'state'],
  controls: deliveryControls,
  columns: [
    { title: 'State', kind: 'mark', cell: ({ state }) => [stamp(deliveryStamps[state], state)] },
    {
      title: 'Receiver',
      isName: true,
      cell: ({ receiver, channel, origin }, { opener }) => [
        opener(receiver),
        quiet([channel, origin?.kind].filter(Boolean).join(' · ')),
      ],
    },
    { title: 'About', cell: ({ groupLabels }) => [labelsText(groupLabels)] },
    {
      title: 'Attempts',
      cell: ({ attempt, code, reason }) => [
        counted(attempt, 'attempt'),
        reason && quiet(problemText({ code, reason })),
      ],
    },
    { title: 'When', kind: 'when', cell: ({ createdAt }) => [moment(createdAt)] },
    {
      title: 'Action',
      kind: 'act',
      cell: ({ id, state, receiver }, { change }) =>
        state === 'failed' || state === 'retrying'
          ? [change('Redrive', `The message to ${receiver} is tried again`, () => redrive(id))]
          : [],
    },
  ],
  detail: deliveryDetail,
  empty: () => [
    element('h2', {}, 'There is no such message'),
    element('p', {}, 'Notification routes are in routing.yaml, in the format of Alertmanager.'),
    element('p', {}, element('a', { href: '#messages/incident/mail' }, 'What messages look like')),
  ],
};

const channelStamps = { healthy: 'passed', failing: 'unknown', paused: 'waiting', broken: 'refused' };

/** How the channels of receivers take what they are given: the last week. */
export const channels = {
  title: 'Channels',
  path: 'receivers',
  // They have no id.
  key: ({ receiver, channel, integration }) => [receiver, channel, integration].map(encodeURIComponent).join('/'),
  controls: () => [element('a', { href: '#messages/incident/mail' }, 'What messages look like')],
  columns: [
    { title: 'State', kind: 'mark', cell: ({ state }) => [stamp(channelStamps[state], state)] },
    {
      title: 'Channel',
      isName: true,
      cell: ({ receiver, channel, integration }) => [
        element('a', { href: `#deliveries?receiver=${encodeURIComponent(receiver)}` }, receiver),
        quiet(integration === 0 ? channel : `${channel} number ${integration + 1}`),
      ],
    },
    { title: 'Why', cell: troubleCells },
    { title: 'Waiting', cell: waitingCells },
    { title: 'Accepted', cell: acceptedCells },
    {
      title: 'Action',
      kind: 'act',
      cell: ({ receiver, state, failed }, { change }) =>
        state === 'healthy' && failed === 0
          ? []
          : [
              change('Redrive', `What ${receiver} did not take is tried again`, () =>
                api('deliveries/redrive', { method: 'POST', body: { receiver } }),
              ),
            ],
    },
  ],
  empty: () => [
    element('h2', {}, 'No channel was given a message within a week'),
    element('p', {}, 'Receivers and their channels stand in routing.yaml, in the format of Alertmanager.'),
  ],
};

function troubleCells({ state, since, lastFailure }) {
  if (state === 'healthy' || lastFailure === null) return [];
  return [
    lastFailure.reason ?? lastFailure.code,
    since === null ? null : quiet(`${lastFailure.code ?? ''} since `, moment(since)),
  ];
}

function waitingCells({ waiting, waitingSince }) {
  if (waiting === 0) return [];
  return [`${counted(waiting, 'message')} waiting`, quiet('oldest ', moment(waitingSince))];
}

function acceptedCells({ sent, failed, lastSentAt, p95Seconds }) {
  if (sent + failed === 0) return [];
  const how = p95Seconds === null ? '' : ` · p95 ${secondsText(p95Seconds)}`;
  return [`${sent} of ${sent + failed} accepted`, lastSentAt === null ? null : quiet('last ', moment(lastSentAt), how)];
}

function secondsText(seconds) {
  if (seconds < 120) return `${seconds < 10 ? Math.max(seconds, 0.1).toFixed(1) : Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

/** The filters of the list: they live in the address, where a link can name them. */
function deliveryControls(query) {
  const receiver = query.get('receiver');
  const select = element(
    'select',
    { id: 'shown-state' },
    ...Object.entries(shownStates).map(([value, text]) => element('option', { value }, text)),
  );
  select.value = query.get('state') ?? '';
  select.addEventListener('change', () => {
    const given = Object.entries({ receiver, state: select.value }).filter(([, value]) => value);
    location.hash = given.length === 0 ? '#deliveries' : `#deliveries?${new URLSearchParams(given)}`;
  });
  return [
    element('label', { for: 'shown-state' }, 'Show '),
    select,
    ...(receiver === null ? [] : [` to ${receiver} · `, element('a', { href: '#deliveries' }, 'all receivers')]),
  ];
}

async function redrive(id, again = false) {
  return api(`deliveries/${id}/redrive`, { method: 'POST', body: { again } });
}

async function deliveryDetail({ id }, { change }) {
  const { message, state, route, steps, derived, origin } = await api(`deliveries/${id}`);
  const again = change('Send again', 'It is sent again, as another delivery', () => redrive(id, true));
  return [
    element('p', {}, message.title ?? '', quiet(` ${route}`)),
    origin === null ? '' : element('p', { class: 'quiet' }, `Made of ${origin.id}, as its ${origin.kind}`),
    element('ol', { class: 'timeline' }, ...steps.map(stepLine)),
    ...derived.map((one) =>
      element('p', {}, `${one.kind} to ${one.receiver} by ${one.channel}: ${one.state}`, quiet(` ${one.id}`)),
    ),
    state === 'sent' ? element('p', {}, again, quiet(' Its channel has accepted it.')) : '',
  ];
}

const stepSigns = { failed: '▲', 'given-up': '✕', sent: '✓' };

function stepLine({ at, kind, attempt, nextAt, by, code, reason }) {
  const remarks = [
    attempt > 0 && `attempt ${attempt}`,
    by !== null && `by ${by}`,
    problemText({ code, reason }),
    nextAt !== null && `again at ${clockTime(nextAt)}`,
  ].filter(Boolean);
  return element(
    'li',
    {},
    element('time', { datetime: at }, clockTime(at)),
    element('span', { class: 'sign', 'aria-hidden': 'true' }, stepSigns[kind] ?? '◇'),
    element('span', {}, kind, quiet(` ${remarks.join(' · ')}`)),
  );
}

function clockTime(time) {
  const date = new Date(time);
  return `${date.toLocaleDateString()} ${date.toLocaleTimeString([], { hour12: false })}`;
}

function problemText({ code, reason }) {
  return [code, reason].filter(Boolean).join(': ');
}

function labelsText(labels) {
  return Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(' ');
}
