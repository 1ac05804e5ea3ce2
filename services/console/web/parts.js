/** The session is missing or over. */
export class SignInNeeded extends Error {}

/** Calls `/api/v1/…`. */
export async function api(path, options = {}) {
  return (await call(path, options)).content;
}

/** What `/api/v1/…` says now, with the `etag` of that; null when it still says what had the `etag` that is given. */
export async function apiIfChanged(path, etag) {
  const { answer, content } = await call(path, etag === null ? {} : { headers: { 'if-none-match': etag } });
  return answer.status === 304 ? null : { content, etag: answer.headers.get('etag') };
}

/** The header tells the API that it was this page, and no other site, that asked for a change. */
async function call(path, { method = 'GET', body, headers = {} }) {
  const all = { 'x-tidewaiter-csrf': '1', ...(body && { 'content-type': 'application/json' }), ...headers };
  const asked = { method, headers: all, body: body && JSON.stringify(body) };
  const answer = await fetch(`api/v1/${path}`, asked).catch(() => {
    throw new Error('The console does not answer');
  });
  const content = await answer.json().catch(() => null);
  if (answer.ok || answer.status === 304) return { answer, content };
  if (answer.status === 401 && path !== 'session') throw new SignInNeeded();
  throw new Error(content?.title ?? `The console answers ${answer.status}`);
}

/** Makes an element. Strings among the children become text, never markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function quiet(...children) {
  return element('span', { class: 'quiet' }, ...children);
}

export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export function nameOf({ repository, tag }) {
  return tag === null ? repository : `${repository}:${tag}`;
}

const steps = [
  [60, 's', 1],
  [3_600, 'min', 60],
  [86_400, 'h', 3_600],
  [Infinity, 'd', 86_400],
];

/** `3 min ago`. */
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1_000);
  const [, unit, size] = steps.find(([below]) => seconds < below);
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

/** A moment, relative, with the absolute time on hover. */
export function moment(time) {
  return element('time', { class: 'ago', datetime: time, title: new Date(time).toLocaleString() }, ago(time));
}

// Each verdict has its word, its sign and its frame.
const stamps = {
  passed: '✓',
  failed: '■',
  refused: '✕',
  unknown: '?',
  waiting: '…',
};

export function stamp(kind, word) {
  const sign = element('span', { 'aria-hidden': 'true' }, `${stamps[kind]} `);
  return element('span', { class: `stamp ${kind}` }, sign, word);
}

const signs = { critical: '▲', high: '◆', medium: '●', low: '▼', negligible: '○', unknown: '?' };

export function severity(name, text = name) {
  return element(
    'span',
    { class: `severity ${name}` },
    element('span', { 'aria-hidden': 'true' }, `${signs[name]} `),
    text,
  );
}

/** `▲ 2 critical  ◆ 5 high`, worst first, without the zeros. */
export function severityCounts(counts) {
  const shown = Object.keys(signs).filter((name) => counts[name] > 0);
  return shown.length === 0 ? [quiet('none')] : shown.map((name) => severity(name, `${counts[name]} ${name}`));
}

/** The first digits of a digest; a click copies all of it. */
export function digestButton(digest) {
  const short = digest.slice('sha256:'.length, 'sha256:'.length + 12);
  const button = element('button', { type: 'button', class: 'digest', title: `Copy ${digest}` }, `@${short}`);
  button.addEventListener('click', () => {
    // Browsers lend the clipboard only to pages that came over TLS or from this machine.
    const copied = navigator.clipboard?.writeText(digest) ?? Promise.reject(new Error('no clipboard'));
    copied.then(
      () => flash(button, 'copied', `@${short}`),
      () => flash(button, digest, digest),
    );
  });
  return button;
}

function flash(button, text, after) {
  button.textContent = text;
  setTimeout(() => {
    button.textContent = after;
  }, 1_200);
}
