/**
 * Runs the static checks of `npm run check` in two lanes at once, as one processor would idle
 * beside the other; prints what a check wrote when it has ended.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const lanes = [['lint'], ['boundaries', 'words', 'regexes', 'licenses', 'console', 'startup']];

async function run(check) {
  const { stdout, stderr, code } = await promisify(execFile)('npm', ['run', '-s', check], {
    maxBuffer: Infinity,
  }).catch((failed) => failed);
  process.stdout.write(`${check}\n${stdout}${stderr}`);
  if (code !== undefined) process.exitCode = 1;
}

await Promise.all(
  lanes.map(async (checks) => {
    for (const check of checks) await run(check);
  }),
);
