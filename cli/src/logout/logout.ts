import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { durationOption } from '../duration.js';
import { logoutHere } from '../login/local-login.js';
import { forgetSignIn, signedIn } from '../saved-sign-ins.js';
import { deleteApi, type Server, serverUrl } from '../server.js';

/** Ends the session of `login`, here and on the platform. */
export function logoutCommand(program: Command): void {
  program
    .command('logout')
    .description('end the sign-in of `login`')
    .option('--server <url>', 'the platform; the one signed in to last unless given', serverUrl)
    .addOption(durationOption('--timeout <duration>', 'how long the answer may take', '1m'))
    .action(logout);
}

async function logout({ server: given, timeout }: Partial<Server> & Pick<Server, 'timeout'>): Promise<void> {
  const platform = await signedIn(given === undefined ? {} : { server: given });
  // The token is forgotten also when the platform cannot be reached: the session ends by itself.
  try {
    await deleteApi('session', { ...platform, timeout }, isAnswer);
  } finally {
    await forgetSignIn(platform.server);
    await logoutHere(platform.server);
  }
  printStderr(`Signed out of ${platform.server}.`);
}

function isAnswer(answer: unknown): answer is object {
  return typeof answer === 'object';
}
