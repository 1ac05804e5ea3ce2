import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { signOut } from '../api/changes.js';
import { useLiveEvents } from '../live/use-live-events.js';
import { dropDrafts } from '../pages/incidents/comment-drafts.js';
import { session, useHasEnded } from '../pages/sign-in/session.js';
import { SignInPage } from '../pages/sign-in/sign-in-page.js';
import { StampImage } from '../parts/stamp.js';
import { Toasts } from '../parts/toasts.js';
import { useMe } from '../parts/use-me.js';
import { ScopeKnown } from '../scope/scope-known.js';
import { useIsScoped } from '../scope/use-scope.js';
import { Icon, type IconName } from './icons.js';
import { pauseKeys, useKeys } from './keys.js';
import { isUnlimited, UnlimitedOnly } from './unlimited-only.js';

const loadSearch = () => import('./search-dialog.js');
const SearchDialog = lazy(loadSearch);
const KeysDialog = lazy(() => import('./keys-dialog.js'));
const ScopeBar = lazy(() => import('../scope/scope-bar.js'));
const ScopeDialog = lazy(() => import('../scope/scope-dialog.js'));

/** Time after the first page at which the search is loaded. */
const preloadMs = 1_000;

const sections = [
  ['/', 'Now', 'now'],
  ['/incidents', 'Incidents', 'incidents'],
  ['/images', 'Images', 'images'],
  ['/vulnerabilities', 'Vulnerabilities', 'vulnerabilities'],
  ['/workloads', 'Workloads', 'workloads'],
  ['/policies', 'Policies', 'policies'],
  ['/system', 'System', 'system'],
] as const satisfies readonly (readonly [string, string, IconName])[];

/** Frame around every page: the sections, search, help and the announcements. */
export function Shell() {
  const hasEnded = useHasEnded();
  return (
    <>
      {hasEnded ? <SignInPage /> : <Frame />}
      <Toasts />
    </>
  );
}

function Frame() {
  const [dialog, setDialog] = useState<'search' | 'scope' | 'keys' | null>(null);
  const main = useFocusOnNavigation();
  const show = (next: typeof dialog) => {
    pauseKeys(next !== null);
    setDialog(next);
  };
  const close = () => show(null);
  const openScope = () => show('scope');
  const isScoped = useIsScoped();
  const { isLimited } = useMe();
  useLiveEvents(isLimited !== false);
  useKeys({ '/': () => show('search'), '?': () => show('keys') });
  useEffect(() => {
    // Loaded before it is asked for, so that no key is lost that follows the one that opens it.
    const timer = setTimeout(() => void loadSearch(), preloadMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="frame">
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          // The address is relative to <base>, which is another page.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <Rail openSearch={() => show('search')} openScope={openScope} openKeys={() => show('keys')} />
      <main ref={main} id="main" tabIndex={-1}>
        {isScoped && (
          <Suspense>
            <ScopeBar openDialog={openScope} />
          </Suspense>
        )}
        <UnlimitedOnly>
          <ScopeKnown>
            <Outlet />
          </ScopeKnown>
        </UnlimitedOnly>
      </main>
      <Suspense>
        {dialog === 'search' && <SearchDialog close={close} />}
        {dialog === 'scope' && <ScopeDialog close={close} />}
        {dialog === 'keys' && <KeysDialog close={close} />}
      </Suspense>
    </div>
  );
}

interface RailProps {
  openSearch: () => void;
  openScope: () => void;
  openKeys: () => void;
}

function Rail({ openSearch, openScope, openKeys }: RailProps) {
  const client = useQueryClient();
  const { name, role, isLimited } = useMe();
  const shown = isLimited === true ? sections.filter(([path]) => !isUnlimited(path)) : sections;
  const leave = async () => {
    const ended = await signOut().catch(() => undefined);
    session.end();
    dropDrafts();
    client.clear();
    // The identity provider ends its session, too, and leads back.
    if (ended?.signOutUrl) location.assign(ended.signOutUrl);
  };
  return (
    <header className="rail">
      <Link to="/" className="name">
        <StampImage size={24} />
        <span>Tidewaiter</span>
      </Link>
      <Button className="search-button" onPress={openSearch} aria-keyshortcuts="/">
        <Icon name="search" />
        <span>Search</span>
        <kbd aria-hidden="true">/</kbd>
      </Button>
      <Button className="search-button" onPress={openScope}>
        <Icon name="scope" />
        <span>Scope</span>
      </Button>
      <nav aria-label="Sections">
        {shown.map(([path, title, icon]) => (
          <Link key={path} to={path} activeOptions={{ exact: path === '/', includeSearch: false }}>
            <Icon name={icon} />
            <span>{title}</span>
          </Link>
        ))}
      </nav>
      <div className="rail-end">
        <p className="me">
          {name} <small>{role && `as ${role}`}</small>
        </p>
        <Button className="plain" onPress={openKeys} aria-keyshortcuts="?">
          Keyboard
        </Button>
        <Button className="plain" onPress={() => void leave()}>
          Sign out
        </Button>
      </div>
    </header>
  );
}

/** Moves the focus to a page that a link has opened, so that readers begin there. */
function useFocusOnNavigation() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== undefined && before.current !== path) main.current?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return main;
}
