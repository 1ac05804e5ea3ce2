import {
  type AccessRole,
  type AccessScope,
  limitingScopes,
  NotFound,
  printable,
  roles,
  type ScopeDimension,
  scopeDimensions,
} from '@tidewaiter/domain';
import type { ListedToken, Store } from '@tidewaiter/store';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { printStderr } from '../context.js';
import { withStore } from '../database.js';
import { age } from '../duration.js';
import { aligned, secondOf } from '../terminal.js';
import { changeTokens } from './change-tokens.js';

/** Roles by the scopes that tokens had before there were roles. */
const roleOfScope = { gate: 'gate', read: 'viewer', write: 'maintainer' } as const;

interface CreateOptions extends Partial<AccessScope> {
  role: AccessRole;
  scope?: keyof typeof roleOfScope;
  expires?: number;
}

/** Commands that list, create and revoke API tokens. */
export function tokensCommand(program: Command): void {
  const tokens = program.command('tokens').description('who may call the API, and what for');
  tokens
    .command('list')
    .description('show the tokens that count')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ output }: { output: 'table' | 'json' }) => withStore(async (store) => list(store, output)));
  tokens
    .command('create')
    .description('make a token; it is printed once, and only its hash is kept')
    .argument('<name>', 'whose it is, which the audit names', tokenName)
    .addOption(
      new Option('--role <role>', 'what it may do, each all that those before it may').choices(roles).default('viewer'),
    )
    .addOption(new Option('--scope <scope>').choices(Object.keys(roleOfScope)).conflicts('role').hideHelp())
    .option('--expires <duration>', 'how long it counts: 30d, 365d; for ever unless given', age)
    .option('--repositories <pattern...>', "limits it to repositories: 'shop/*'", pattern)
    .option('--clusters <pattern...>', 'limits it to clusters', pattern)
    .option('--namespaces <pattern...>', "limits it to namespaces: 'shop-*'", pattern)
    .option('--owners <pattern...>', 'limits it to what owners own', pattern)
    .action(async (name: string, { scope, expires, role: named, ...limits }: CreateOptions) =>
      changeTokens('token.created', async (found) => {
        const role = scope === undefined ? named : roleOfScope[scope];
        const until = expires === undefined ? null : new Date(Date.now() + expires);
        const scopes = limitingScopes([limits]);
        process.stdout.write(`${(await found.make(name, role, until, scopes)).reveal()}\n`);
        const limited = scopes === null ? '' : ` for ${limitsText(scopes)}`;
        const expiry = until === null ? '' : ` until ${secondOf(until)} UTC`;
        printStderr(`${name} is ${role}${printable(limited)}${expiry}; this is shown only now`);
      }),
    );
  tokens
    .command('revoke')
    .description('end tokens, and the sessions that they opened')
    .argument('<name...>', 'which, as `tokens list` names them')
    .action(async (names: string[]) =>
      changeTokens('token.revoked', async (found) => {
        for (const name of names) {
          if (!(await found.revoke(name))) throw new NotFound('TOKEN_UNKNOWN', `no token ${printable(name)}`);
          printStderr(`${name}: revoked`);
        }
      }),
    );
}

function tokenName(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/.test(text))
    throw new InvalidArgumentError('Use up to 100 of a-z, 0-9, dot, dash, underscore and @.');
  return text;
}

/** One of several patterns of an option. */
function pattern(text: string, before: readonly string[] = []): string[] {
  if (text.length === 0 || text.length > 300 || /\p{C}/u.test(text))
    throw new InvalidArgumentError('Use up to 300 characters; * matches any.');
  return [...before, text];
}

/** `repositories shop/*, namespaces shop` */
function limitsText(scopes: readonly AccessScope[]): string {
  const parts = (scope: AccessScope) =>
    scopeDimensions.flatMap((dimension: ScopeDimension) =>
      scope[dimension].length === 0 ? [] : [`${dimension} ${scope[dimension].join(' ')}`],
    );
  return scopes.map((scope) => parts(scope).join(', ')).join(' or ');
}

async function list(store: Store, output: 'table' | 'json'): Promise<void> {
  const { ApiTokens } = await import('@tidewaiter/store');
  const items = await new ApiTokens(store).list();
  if (output === 'json') process.stdout.write(`${JSON.stringify({ items, next: null }, null, 2)}\n`);
  else if (items.length === 0) printStderr('no tokens');
  else process.stdout.write(aligned(['token', 'role', 'made', 'used', 'expires', 'limited to'], items.map(cellsOf)));
}

function cellsOf({ name, role, scopes, createdAt, expiresAt, lastUsedAt }: ListedToken): string[] {
  const [used, expires] = [lastUsedAt, expiresAt].map((time) => (time === null ? 'never' : secondOf(time)));
  return [name, role, secondOf(createdAt), used!, expires!, scopes === null ? '' : limitsText(scopes)];
}
