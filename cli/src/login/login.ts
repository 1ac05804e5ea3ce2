import { setTimeout as sleep } from 'node:timers/promises';

import { AccessDenied, printable } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { durationOption } from '../duration.js';
import { saveSignIn, savedTokenFile } from '../saved-sign-ins.js';
import { askOpenly, getApi, type Server, serverUrl } from '../server.js';
import { loginHere } from './local-login.js';

interface BegunLogin {
  deviceCode: string;
  userCode: string;
  url: string;
  interval: number;
}

interface LoginResult {
  state: 'pending' | 'approved' | 'over';
  token: string | null;
}

interface Me {
  name: string;
  role: string;
}

/**
 * Signs this user in to a platform, by approval in the browser; or, if `up` runs in this folder, by
 * its database, whose password this user can read.
 */
export function loginCommand(program: Command): void {
  program
    .command('login')
    .description('sign in to a platform in the browser; later commands use it')
    .option('--server <url>', 'the platform; that of `up` in this folder unless given', serverUrl)
    .addOption(durationOption('--timeout <duration>', 'how long each answer may take', '1m'))
    .action(login);
}

async function login({ server, timeout }: Partial<Server> & Pick<Server, 'timeout'>): Promise<void> {
  await (server === undefined ? loginHere() : loginInBrowser({ server, timeout }));
}

async function loginInBrowser(flags: Pick<Server, 'server' | 'timeout'>): Promise<void> {
  const { url, userCode, deviceCode, interval } = await askOpenly('device-logins', {}, flags, isBegun);
  printStderr(`Open ${printable(url)}`, `and approve the sign-in if it shows the code ${printable(userCode)}.`);
  const token = await approved(deviceCode, interval, flags);
  await saveSignIn(flags.server, token);
  const { name, role } = await getApi('me', { ...flags, tokenFile: savedTokenFile(flags.server) }, isMe);
  printStderr(`Signed in to ${flags.server} as ${printable(name)} (${printable(role)}).`);
}

/** @throws AccessDenied `SIGN_IN_REFUSED` */
async function approved(
  deviceCode: string,
  interval: number,
  flags: Pick<Server, 'server' | 'timeout'>,
): Promise<string> {
  for (;;) {
    await sleep(interval * 1_000);
    const { state, token } = await askOpenly('device-logins/result', { deviceCode }, flags, isResult);
    if (state === 'approved' && token !== null) return token;
    if (state !== 'pending')
      throw new AccessDenied('SIGN_IN_REFUSED', 'the sign-in was refused, or not approved in time');
  }
}

function isBegun(answer: unknown): answer is BegunLogin {
  const { deviceCode, userCode, url, interval } = (answer ?? {}) as Partial<Record<keyof BegunLogin, unknown>>;
  const isSensible = typeof interval === 'number' && interval >= 1 && interval <= 60;
  return [deviceCode, userCode, url].every((each) => typeof each === 'string') && isSensible;
}

function isResult(answer: unknown): answer is LoginResult {
  const { state, token } = (answer ?? {}) as Partial<Record<keyof LoginResult, unknown>>;
  return ['pending', 'approved', 'over'].includes(state as string) && (token === null || typeof token === 'string');
}

function isMe(answer: unknown): answer is Me {
  const { name, role } = (answer ?? {}) as Partial<Record<keyof Me, unknown>>;
  return typeof name === 'string' && typeof role === 'string';
}
