import { ago, api, element, SignInNeeded } from './parts.js';
// The first page of the console. What it shows comes from strangers, so it reaches the page as text only.
import { pages, sections } from './sections.js';

const refreshMs = 5_000;
const byId = (id) => document.getElementById(id);

/** What is on the screen: the section (null on a page about one thing), its rows by id, how many new items wait for the pill, the cursor of older ones. */
let board = { section: sections.pushes, rows: new Map(), waiting: 0, next: null, body: element('tbody') };

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
  const name = hash.slice(1);
  const [, kind, id] = /^(images|incidents)\/(.+)$/.exec(name) ?? [];
  if (kind !== undefined) return openPage(pages[kind], decodeURIComponent(id));
  const section = Object.hasOwn(sections, name) ? sections[name] : sections.pushes;
  const page = await api(section.path);
  if (location.hash !== hash) return;
  board = { section, rows: new Map(), waiting: 0, next: page.next, body: element('tbody', { role: 'rowgroup' }) };
  showHead(section, section.title);
  if (page.items.length === 0) byId('list').replaceChildren(element('div', { class: 'empty' }, ...section.empty()));
  else showTable(page.items);
  byId('more').hidden = page.next === null;
  await showState();
}

/** Shows one image or incident instead of a list. It does not change by itself. */
async function openPage({ title, section, content }, id) {
  const { hash } = location;
  const shown = await content(id);
  if (location.hash !== hash) return;
  board = { section: null, rows: new Map(), waiting: 0, next: null, body: element('tbody') };
  showHead(section, title);
  byId('list').replaceChildren(element('div', { class: 'page' }, ...shown));
  byId('more').hidden = true;
  await showState();
}

function showHead(section, title) {
  for (const link of document.querySelectorAll('nav a')) {
    if (sections[link.hash.slice(1)] === section) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('title').textContent = title;
  byId('fresh').hidden = true;
  show(true);
}

function showTable(items) {
  // Small screens lay a row out as a card, which would take its meaning away if the roles did not say it.
  const cells = board.section.columns.map(({ title }) => element('th', { scope: 'col', role: 'columnheader' }, title));
  const head = element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...cells));
  board.body.append(...items.flatMap(rowsOf));
  byId('list').replaceChildren(element('table', { role: 'table', 'aria-labelledby': 'title' }, head, board.body));
}

/** The row of an item, and the row below it for its details where the section has any. */
function rowsOf(item) {
  const row = element('tr', { role: 'row' });
  const detail = element('tr', { role: 'row', class: 'detail', id: `detail-${item.id}`, hidden: '' });
  board.rows.set(item.id, { row, detail, text: JSON.stringify(item) });
  fillRow(row, detail, item);
  return board.section.detail ? [row, detail] : [row];
}

function fillRow(row, detail, item) {
  const tools = {
    opener: (text) => opener(text, detail, item),
    action: (text, done, work) => action(text, done, work, item.id),
  };
  const cells = board.section.columns.map(({ kind, isName, cell }) => {
    const attributes = isName ? { scope: 'row', role: 'rowheader' } : { role: 'cell' };
    return element(isName ? 'th' : 'td', { class: kind, ...attributes }, ...cell(item, tools));
  });
  row.replaceChildren(...cells);
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
        cell.replaceChildren(...(await section.detail(item)));
      } catch (error) {
        cell.textContent = error.message;
        throw error;
      }
    });
  });
  return button;
}

/** A button that changes something and then takes its row away. */
function action(text, done, work, id) {
  const button = element('button', { type: 'button' }, text);
  button.addEventListener('click', () => {
    button.disabled = true;
    void attempt(async () => {
      try {
        const shown = board;
        await work();
        const { row, detail } = shown.rows.get(id);
        row.remove();
        detail.remove();
        shown.rows.delete(id);
        if (board === shown && shown.rows.size === 0) await openSection();
        tell(done);
        byId('main').focus();
      } finally {
        button.disabled = false;
      }
    });
  });
  return button;
}

/** Changed rows change in place. New ones wait for the pill, so that nothing moves under a reader's eyes. */
async function refresh() {
  const { section } = board;
  if (section === null) return showState();
  const { items } = await api(section.path);
  if (board.section !== section) return;
  if (board.rows.size === 0) {
    return items.length > 0 ? openSection() : showState();
  }
  for (const item of items) updateRow(item);
  const waiting = items.filter(({ id }) => !board.rows.has(id)).length;
  if (waiting > board.waiting) tell(`${waiting} new`);
  board.waiting = waiting;
  byId('fresh').hidden = waiting === 0;
  byId('fresh').textContent = `${waiting} new`;
  for (const time of document.querySelectorAll('time')) time.textContent = ago(time.dateTime);
  await showState();
}

function updateRow(item) {
  const known = board.rows.get(item.id);
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
  const { path } = shown.section;
  const { items, next } = await api(`${path}${path.includes('?') ? '&' : '?'}after=${shown.next}`);
  if (board !== shown) return;
  board.body.append(...items.filter(({ id }) => !board.rows.has(id)).flatMap(rowsOf));
  board.next = next;
  byId('more').hidden = next === null;
}

/** What is at work, and how old the advisories are: a verdict is only as good as they are. */
async function showState() {
  const { pushes, advisories } = await api('status');
  const { lastImport } = advisories;
  const inWork = pushes.accepted + pushes.analyzing;
  byId('state').textContent = [
    inWork === 0 ? 'Nothing in work' : `${inWork} in work`,
    lastImport
      ? `${advisories.advisories.toLocaleString('en')} advisories, imported ${ago(lastImport.importedAt)}`
      : 'no advisories yet: nothing can be cleared',
  ].join(' · ');
}

function tell(text) {
  byId('live').textContent = text;
}

void start();
