import { publicReason } from './public-keys.js';
import { fake } from './rules/fake.js';

const token = (claims: object) =>
  `${[{ alg: 'HS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${fake(43)}`;
const hex = fake(32, 'hex');
const google = `AIza${fake(35)}`;

const reasonOf = (before: string, value: string, after: string) =>
  publicReason(value, before + value + after, before.length, before.length + value.length);

describe('publicReason', () => {
  it.each<[string, string, string, boolean]>([
    ['key = "', `pk_live_${fake(24)}`, '"', true],
    ['key = "', `sk_live_${fake(24)}`, '"', false],
    ['token = "', `pk.eyJ${fake(60)}.${fake(22)}`, '"', true],
    ['token = "', `sk.eyJ${fake(60)}.${fake(22)}`, '"', false],
    ['', token({ role: 'anon' }), '', true],
    ['', token({ role: 'service_role' }), '', false],
    ['firebase.initializeApp({ apiKey: "', google, '", authDomain: "x" })', true],
    ['"api_key": [ { "current_key": "', google, '" } ]', true],
    ['src="https://maps.googleapis.com/maps/api/js?key=', google, '"', true],
    ['GOOGLE_API_KEY="', google, '"\nexport GOOGLE_DEFAULT_CLIENT_ID="1.apps.x"\n', true],
    ['GOOGLE_API_KEY=', google, '\nGOOGLE_CLIENT_ID=1.apps.x\n', false],
    ['GEMINI_API_KEY=', google, '\n', false],
    [`https://${hex}:`, hex, '@sentry.io/1', true],
    [`https://${hex}:`, hex, '@o1.ingest.sentry.io/1', true],
    [`https://${hex}:`, hex, '@sentry.io.evil.net/1', false],
    [`https://ci:`, hex, '@git.corp.net/1', false],
    ['docsearch({ apiKey: "', hex, '" })', true],
    ['adminApiKey: "', hex, '"', false],
  ])('decides whether %s… is public: %#', (before, value, after, isPublic) => {
    expect(reasonOf(before, value, after) !== undefined).toBe(isPublic);
  });
});
