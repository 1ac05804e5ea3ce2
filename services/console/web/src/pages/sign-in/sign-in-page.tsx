import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { signIn } from '../../api/changes.js';
import { signInOptions } from '../../api/queries.js';
import { StampImage } from '../../parts/stamp.js';
import { session } from './session.js';

/** Asks for an API token, which the API keeps in a cookie. */
export function SignInPage() {
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState('');
  const { data: options } = useQuery(signInOptions);
  const attempt = useMutation({
    mutationFn: () => signIn(token.trim()),
    onSuccess: () => {
      setToken('');
      session.begin();
      return client.resetQueries();
    },
    onError: () => field.current?.focus(),
  });
  useEffect(() => field.current?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate();
  };
  return (
    <main id="main" className="sign-in" tabIndex={-1}>
      <title>Sign in · Tidewaiter</title>
      <form onSubmit={submit}>
        <StampImage size={56} />
        <h1>Sign in to Tidewaiter</h1>
        {options?.oidc && <a href={signInLink(options.oidc)}>Sign in with the identity provider</a>}
        <label htmlFor="token">API token</label>
        <input
          ref={field}
          id="token"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          required
          value={token}
          onChange={({ target }) => setToken(target.value)}
        />
        <Button type="submit" className="primary" isPending={attempt.isPending}>
          Sign in
        </Button>
        <p role="alert">{attempt.error?.message}</p>
        <p className="quiet">
          <code>tidewaiter up</code> prints a setup link while there is no administrator;{' '}
          <code>tidewaiter tokens create</code> makes another token.
        </p>
      </form>
    </main>
  );
}

/** Leads through the identity provider and back to this page. */
function signInLink(start: string): string {
  const base = new URL(document.baseURI).pathname;
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : '';
  return `${start}?${new URLSearchParams({ next: `/${path}${location.search}` }).toString()}`;
}
