import { claimsOf } from './json-web-token.js';

/** Kind of key that its service makes for web pages and mobile apps. */
interface PublicKind {
  value: RegExp;
  /** Words near the value that show this use, if the form of the key does not. */
  near?: RegExp;
  reason: string;
}

const kinds: readonly PublicKind[] = [
  { value: /^pk_(?:live|test)_/, reason: 'publishable key, made for web pages' },
  { value: /^pk\.eyJ/, reason: 'public token of Mapbox, made for web pages' },
  { value: /^phc_/, reason: 'project key of PostHog, made for web pages' },
  { value: /^sb_publishable_/, reason: 'publishable key of Supabase, made for web pages' },
  {
    value: /^AIza/,
    near: /firebase|messagingSenderId|authDomain|measurementId|"?current_key"?|GOOGLE_APP_ID|maps\.googleapis\.com\/maps\/api\/js|chromeuxreport|googleapis\.com\/v1\/records:query/i,
    reason: 'API key of a web or mobile app, which only names its project',
  },
  {
    // Variables that Chromium reads for the keys that its distributor gives to every copy.
    value: /^AIza/,
    near: /\bGOOGLE_DEFAULT_CLIENT_(?:ID|SECRET)\b/,
    reason: "API key of a distributor's Chromium, which every copy has",
  },
  {
    value: /^[0-9a-f]{32}$/,
    near: /^[^\s]{0,3}@(?:[\w-]{1,40}\.){0,3}(?:ingest\.)?sentry\.io(?:[/:"'\s]|$)/,
    reason: 'DSN of Sentry, which only sends events',
  },
  {
    value: /^[0-9a-f]{32}$/,
    near: /search[-_]?(?:only)?[-_]?(?:api)?[-_]?key|docsearch/i,
    reason: 'search-only key of Algolia, made for web pages',
  },
];

const nearCharacters = 400;

/** Reason why a key of this kind is public by design; undefined for a secret. */
export function publicReason(value: string, text: string, start: number, end: number): string | undefined {
  if (value.startsWith('eyJ') && claimsOf(value)?.['role'] === 'anon')
    return 'anonymous key of Supabase, made for web pages';
  for (const kind of kinds) {
    if (!kind.value.test(value)) continue;
    if (kind.near === undefined) return kind.reason;
    const from = kind.near.source.startsWith('^') ? end : Math.max(0, start - nearCharacters);
    if (kind.near.test(text.slice(from, end + nearCharacters))) return kind.reason;
  }
  return undefined;
}
