import { InvalidInput, printable } from '@tidewaiter/domain';
import { currentRun } from '@tidewaiter/servers';
import type { ApiTokens } from '@tidewaiter/store';

import { printStderr, stateDir } from '../context.js';
import { localUser } from '../database.js';
import { saveSignIn } from '../saved-sign-ins.js';
import { secondOf } from '../terminal.js';
import { changeTokens } from '../tokens/change-tokens.js';

/** Time after which a sign-in by the database is over. */
const validMs = 12 * 60 * 60_000;

const tokenName = () => `cli-${localUser()}`;

/**
 * Signs in to the platform that `up` runs in this folder, by its database: who can read the
 * database's password can make tokens anyway.
 * @throws InvalidInput `SERVER_MISSING`
 */
export async function loginHere(): Promise<void> {
  const run = await currentRun(stateDir);
  if (!run?.consoleUrl || !run.urls)
    throw new InvalidInput('SERVER_MISSING', 'no `tidewaiter up` runs in this folder: give --server');
  const until = new Date(Date.now() + validMs);
  const makeAnew = async (tokens: ApiTokens) => {
    await tokens.revoke(tokenName());
    return tokens.make(tokenName(), 'admin', until);
  };
  const token = await changeTokens('token.created', makeAnew, run.urls.database);
  await saveSignIn(run.consoleUrl, token.reveal());
  printStderr(`Signed in to ${run.consoleUrl} as ${printable(tokenName())} (admin) until ${secondOf(until)} UTC.`);
}

/** Ends a sign-in by {@link loginHere}, if `server` is the platform of this folder. */
export async function logoutHere(server: string): Promise<void> {
  const run = await currentRun(stateDir);
  if (run?.consoleUrl !== server || !run.urls) return;
  await changeTokens('token.revoked', async (tokens) => tokens.revoke(tokenName()), run.urls.database);
}
