import { ago, api, element, SignInNeeded } from './parts.js';
// The first page of the console. What it shows comes from strangers, so it reaches the page as text only.
import { pages, sections } from './sections.js';

const refreshMs = 5_000;
const byId = (id) => document.getElementById(id);

/**
 * What is on the screen: a section with where it is read, its rows by key, how many new items wait for the pill and the cursor of older
 * ones; or, with `section` null, a page about one thing.
 */
let board = sectionBoard(sections.pushes, sections.pushes.path, null);

function sectionBoard(section, path, next) {
  return { section, path, rows: new Map(), waiting: 0, next, body: element('tbody', { role: 'rowgroup' }) };
}

async function start() {
  byId('sign-in').addEventListener('submit', (event) => {
    event.preventDefault();
    void signIn(byId('token').value.trim());
  });
  byId('sign-out').addEventListener('click', () => void signOut());
  byId('fresh').addEventListener('click', () => void attempt(showFresh));
  byId('more').addEventListener('click', () => void attempt(showOlder));
  addEventListener('hashchange', () => location.hash !== '#main' && void attempt(openSection));
  setInterval(() => !document.hidden && !byId('board').hidden && void attempt(refresh), refreshMs);

  // The setup link carries the token in the fragment; it must not stay in the history.
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) return attempt(openSection);
  history.replaceState(null, '', location.pathname);
  return signIn(token);
}

/** Does something that needs the API; without a session it asks for one. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (error instanceof SignInNeeded) return showSignIn('');
    show(true);
    byId('state').textContent = error.message;
    tell(error.message);
  }
}

async function signIn(token) {
  try {
    await api('session', { method: 'POST', body: { token } });
  } catch (error) {
    return showSignIn(error.message);
  }
  byId('token').value = '';
  await attempt(openSection);
  byId('main').focus();
}

async function signOut() {
  await api('session', { method: 'DELETE' }).catch(() => undefined);
  byId('list').replaceChildren();
  showSignIn('');
}

function showSignIn(problem) {
  show(false);
  byId('sign-in-problem').textContent = problem;
  byId('token').focus();
}

function show(isSignedIn) {
  byId('sign-in').hidden = isSignedIn;
  for (const id of ['board', 'sections', 'sign-out']) byId(id).hidden = !isSignedIn;
}

async function openSection() {
  const { hash } = location;
  const [, kind, id] = /^#(images|incidents|messages)\/(.+)$/.exec(hash) ?? [];
  if (kind !== undefined) return openPage(pages[kind], decodeURIComponent(id));
  const [name, ...queries] = hash.slice(1).split('?');
  const section = Object.hasOwn(sections, name) ? sections[name] : sections.pushes;
  const query = narrowedTo(section.filters ?? [], new URLSearchParams(queries.join('?')));
  const path = query.size === 0 ? section.path : `${section.path}?${query}`;
  const page = await api(path);
  if (location.hash !== hash) return;
  board = sectionBoard(section, path, page.next);
  showHead(section, section.title, section.controls?.(query));
  if (page.items.length === 0) byId('list').replaceChildren(element('div', { class: 'empty' }, ...section.empty()));
  else showTable(page.items);
  byId('more').hidden = page.next === null;
  await showState();
}

/** Of what an address asks for, what the section knows. */
function narrowedTo(names, given) {
  return new URLSearchParams([...given].filter(([name, value]) => names.includes(name) && value !== ''));
}

/** Shows one image or incident instead of a list. */
async function openPage(page, id) {
  const { hash } = location;
  const read = await page.read?.(id, null);
  const shown = await page.content(read?.content ?? id, pageTools);
  if (location.hash !== hash) return;
  board = { section: null, page, id, etag: read?.etag ?? null };
  showHead(page.section, page.title);
  byId('list').replaceChildren(element('div', { class: 'page' }, ...shown));
  byId('more').hidden = true;
  await showState();
}

const pageTools = {
  change: (text, done, work, id) => {
    const button = action(text, done, work, refreshPage);
    button.id = id;
    return button;
  },
};

/** Paints a page anew that has changed. What was unfolded stays so, and the focus where it was. */
async function refreshPage() {
  const shown = board;
  const read = await shown.page.read?.(shown.id, shown.etag);
  if (!read || board !== shown) return;
  const content = await shown.page.content(read.content, pageTools);
  board.etag = read.etag;
  const list = byId('list');
  const open = new Set([...list.querySelectorAll('details[open]')].map(({ dataset }) => dataset.key));
  const focused = list.contains(document.activeElement) ? document.activeElement.id : null;
  list.replaceChildren(element('div', { class: 'page' }, ...content));
  for (const details of list.querySelectorAll('details')) details.open = open.has(details.dataset.key);
  if (focused !== null) (byId(focused) ?? byId('main')).focus({ preventScroll: true });
}

function showHead(section, title, controls = []) {
  for (const link of document.querySelectorAll('#sections a')) {
    if (sections[link.hash.slice(1)] === section) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('title').textContent = title;
  byId('fresh').hidden = true;
  byId('controls').replaceChildren(...controls);
  byId('controls').hidden = controls.length === 0;
  show(true);
}

function showTable(items) {
  // Small screens lay a row out as a card, which would take its meaning away if the roles did not say it.
  const cells = board.section.columns.map(({ title }) => element('th', { scope: 'col', role: 'columnheader' }, title));
  const head = element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...cells));
  board.body.append(...items.flatMap(rowsOf));
  byId('list').replaceChildren(element('table', { role: 'table', 'aria-labelledby': 'title' }, head, board.body));
}

/** What tells the items of a section apart; without spaces, since ids of elements have none. */
function keyOf(item) {
  return board.section.key?.(item) ?? item.id;
}

/** The row of an item, and the row below it for its details where the section has any. */
function rowsOf(item) {
  const row = element('tr', { role: 'row' });
  const detail = element('tr', { role: 'row', class: 'detail', id: `detail-${keyOf(item)}`, hidden: '' });
  board.rows.set(keyOf(item), { row, detail, text: JSON.stringify(item) });
  fillRow(row, detail, item);
  return board.section.detail ? [row, detail] : [row];
}

function fillRow(row, detail, item) {
  const tools = { opener: (text) => opener(text, detail, item), ...rowTools(item) };
  const cells = board.section.columns.map(({ kind, isName, cell }) => {
    const attributes = isName ? { scope: 'row', role: 'rowheader' } : { role: 'cell' };
    return element(isName ? 'th' : 'td', { class: kind, ...attributes }, ...cell(item, tools));
  });
  row.replaceChildren(...cells);
}

/** Buttons that change something: `action` then takes the row away, `change` lets it show what has become of it. */
function rowTools(item) {
  return {
    action: (text, done, work) => action(text, done, work, () => removeRow(keyOf(item))),
    change: (text, done, work) => action(text, done, work, () => rereadRow(item)),
  };
}

/** A button that unfolds the details of its row. */
function opener(text, detail, item) {
  const isOpen = String(!detail.hidden);
  const button = element('button', {
    type: 'button',
    class: 'open',
    'aria-expanded': isOpen,
    'aria-controls': detail.id,
  });
  button.textContent = text;
  const { section } = board;
  button.addEventListener('click', () => {
    detail.hidden = !detail.hidden;
    button.setAttribute('aria-expanded', String(!detail.hidden));
    if (detail.hidden) return;
    const cell = element('td', { role: 'cell', colspan: section.columns.length }, 'Reading…');
    detail.replaceChildren(cell);
    void attempt(async () => {
      try {
        cell.replaceChildren(...(await section.detail(item, rowTools(item))));
      } catch (error) {
        cell.textContent = error.message;
        throw error;
      }
    });
  });
  return button;
}

/** A button that does something; `show` then shows what has come of it, and says where the focus goes if not back to the button. */
function action(text, done, work, show) {
  const button = element('button', { type: 'button' }, text);
  button.addEventListener('click', () => {
    button.disabled = true;
    void attempt(async () => {
      const shown = board;
      try {
        await work();
      } finally {
        button.disabled = false;
      }
      const next = board === shown ? await show() : null;
      tell(done);
      (next ?? (button.isConnected ? button : byId('main'))).focus();
    });
  });
  return button;
}

async function removeRow(key) {
  const { row, detail } = board.rows.get(key);
  row.remove();
  detail.remove();
  board.rows.delete(key);
  if (board.rows.size === 0) await openSection();
  return byId('main');
}

/** Answers the first button of the row. */
async function rereadRow(item) {
  if (item.id === undefined) await refresh();
  else updateRow(await api(`${board.section.path}/${item.id}`));
  return board.rows.get(keyOf(item))?.row.querySelector('button');
}

/** Changed rows change in place. New ones wait for the pill, so that nothing moves under a reader's eyes. */
async function refresh() {
  const shown = board;
  if (shown.section === null) await refreshPage();
  else await refreshRows(shown);
  for (const time of document.querySelectorAll('time.ago')) time.textContent = ago(time.dateTime);
  await showState();
}

async function refreshRows(shown) {
  const { items } = await api(shown.path);
  if (board !== shown) return;
  if (board.rows.size === 0) {
    if (items.length > 0) await openSection();
    return;
  }
  for (const item of items) updateRow(item);
  const waiting = items.filter((item) => !board.rows.has(keyOf(item))).length;
  if (waiting > board.waiting) tell(`${waiting} new`);
  board.waiting = waiting;
  byId('fresh').hidden = waiting === 0;
  byId('fresh').textContent = `${waiting} new`;
}

function updateRow(item) {
  const known = board.rows.get(keyOf(item));
  const text = JSON.stringify(item);
  if (!known || known.text === text) return;
  const hadFocus = known.row.contains(document.activeElement);
  known.text = text;
  fillRow(known.row, known.detail, item);
  if (hadFocus) known.row.querySelector('button')?.focus();
}

async function showFresh() {
  await openSection();
  byId('main').focus();
  scrollTo({ top: 0 });
}

async function showOlder() {
  const shown = board;
  const { path } = shown;
  const { items, next } = await api(`${path}${path.includes('?') ? '&' : '?'}after=${shown.next}`);
  if (board !== shown) return;
  board.body.append(...items.filter((item) => !board.rows.has(keyOf(item))).flatMap(rowsOf));
  board.next = next;
  byId('more').hidden = next === null;
}

/** What is at work, and how old the advisories are: a verdict is only as good as they are. */
async function showState() {
  const { pushes, advisories, configuration } = await api('status');
  const inWork = pushes.accepted + pushes.analyzing;
  const refused = configuration.filter(({ error }) => error !== null);
  byId('state').textContent = [
    ...refused.map(({ service, error }) => `${service} runs on its last good configuration (${error.code})`),
    inWork === 0 ? 'Nothing in work' : `${inWork} in work`,
    advisories.advisories > 0
      ? `${advisories.advisories.toLocaleString('en')} advisories${dataAge(advisories.ages)}`
      : 'no advisories yet: images cannot be evaluated',
  ].join(' · ');
}

/** The oldest data, by its own date: when it was imported says nothing. */
function dataAge(ages) {
  const [oldest] = ages.toSorted((a, b) => b.ageSeconds - a.ageSeconds);
  if (!oldest) return '';
  const stale = ages.filter(({ isStale }) => isStale).length;
  const warning = stale > 0 ? `, STALE for ${stale} of ${ages.length} ecosystems` : '';
  return `${warning}, oldest: ${oldest.ecosystem} as of ${oldest.asOf.slice(0, 10)}`;
}

function tell(text) {
  byId('live').textContent = text;
}

void start();
