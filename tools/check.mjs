/**
 * Runs the checks of `npm run check` in lanes at once, as one processor would idle beside the
 * other. The unit tests write as they run; a static check when it has ended. With a larger young
 * generation the workers of the unit tests collect less garbage.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

const staticLanes = [['lint'], ['boundaries', 'words', 'regexes', 'licenses', 'console', 'startup']];

/** Runs a script of package.json, and makes this process fail if it does. */
async function run(check, stdio) {
  const child = spawn('npm', ['run', '-s', check], { stdio: ['ignore', stdio, stdio] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const outputs = await Promise.all([child.stdout, child.stderr].map((stream) => stream && text(stream)));
  if ((await ended) !== 0) process.exitCode = 1;
  return outputs.join('');
}

await Promise.all([
  run('unit', 'inherit'),
  ...staticLanes.map(async (checks) => {
    for (const check of checks) process.stdout.write(`${check}\n${await run(check, 'pipe')}`);
  }),
]);
