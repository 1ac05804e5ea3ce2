import './styles/base.css';
import './styles/frame.css';
import './styles/parts.css';
import './styles/pages.css';
import './styles/print.css';

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { setUp } from './api/changes.js';
import { isRetryable, isSignedOut } from './api/problem.js';
import { session } from './pages/sign-in/session.js';
import { notify } from './parts/toasts.js';
import { router } from './router.js';
import { pathOfOldLink, secretOfSetupLink } from './url/old-links.js';

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => isSignedOut(error) && session.end() }),
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (failures, error) => isRetryable(error) && failures < 2,
    },
  },
});

/** Follows a fragment that is a setup link, or the address of a page in earlier versions. */
async function followFragment(): Promise<void> {
  const { hash, pathname, search } = location;
  const secret = secretOfSetupLink(hash);
  const path = pathOfOldLink(hash);
  if (path !== null) router.history.replace(path);
  if (secret === null) return;
  // The secret must not stay in the history.
  history.replaceState(null, '', pathname + search);
  try {
    await setUp(secret);
    session.begin();
    await queries.resetQueries();
  } catch (error) {
    session.end();
    notify((error as Error).message, true);
  }
}

addEventListener('hashchange', () => void followFragment());
await followFragment();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
