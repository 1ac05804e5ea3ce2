import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { ability, itWith } from '@tidewaiter/testkit';

import { startConfined } from './confinement.js';

const works = (program: string, ...args: string[]) => spawnSync(program, [...args, 'true']).status === 0;
const networkNamespaces = ability('network namespaces of a user', works('unshare', '--user', '--net'));
const parentDeath = ability('setpriv --pdeathsig', works('setpriv', '--pdeathsig', 'KILL'));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-confined-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function start(code: string) {
  const path = join(folder, 'program.mjs');
  writeFileSync(path, code);
  return startConfined(pathToFileURL(path), []);
}

/** Runs a module in the sandbox, and returns what it prints. */
async function run(code: string): Promise<string> {
  const child = start(code);
  const [output, problem] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return `${output}${problem}`.trim();
}

/** Code of the error of a call, or `allowed`. */
const attempt = (call: string) => `
  import * as fs from 'node:fs'; import { Worker } from 'node:worker_threads'; import net from 'node:net';
  import childProcess from 'node:child_process'; import inspector from 'node:inspector';
  try { await (${call}); console.log('allowed'); } catch (error) { console.log(error.code ?? error.name); }`;

describe('startConfined', () => {
  it('starts without environment, in the root folder, with no descriptor but its pipes', async () => {
    const open = `import { fstatSync } from 'node:fs';
      const open = Array.from({ length: 64 }, (_, fd) => { try { const at = fstatSync(fd); return at.isFile() || at.isDirectory() ? fd : []; } catch { return []; } });
      console.log(JSON.stringify([process.cwd(), Object.keys(process.env).filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)), open.flat()]));`;
    expect(JSON.parse(await run(open))).toEqual(['/', [], []]);
  });

  it.each([
    ['read a file', `fs.readFileSync('/etc/passwd')`],
    ['read its environment', `fs.readFileSync('/proc/self/environ')`],
    ['list a folder', `fs.readdirSync('/')`],
    ['write a file', `fs.writeFileSync('/tmp/tidewaiter-escaped', 'x')`],
    ['start a program', `childProcess.execFileSync('/bin/true')`],
    ['start a thread', `new Worker('', { eval: true })`],
    ['load an add-on', `process.dlopen({ exports: {} }, '/lib/escaped.node')`],
    ['open an inspector', `inspector.open(0)`],
    ['compile a text', `eval('1')`],
  ])('cannot %s', async (_, call) => {
    expect(await run(attempt(call))).toMatch(/^(ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED|EvalError)$/);
  });

  itWith(networkNamespaces)('cannot connect where the system has network namespaces', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const connect = `new Promise((ok, no) => net.connect(${port}, '127.0.0.1').on('connect', ok).on('error', no))`;
    expect(await run(attempt(connect))).toMatch(/^(ENETUNREACH|ECONNREFUSED|ERR_ACCESS_DENIED)$/);
    server.close();
  });

  itWith(parentDeath)('ends with the program that started it, even in an endless loop', async () => {
    const endless = join(folder, 'endless.mjs');
    writeFileSync(endless, 'console.log(process.pid); for (;;);');
    const starter = `import { startConfined } from '${new URL('../dist/confinement.js', import.meta.url).href}';
      startConfined(new URL('${pathToFileURL(endless).href}'), []).stdout.pipe(process.stdout);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', starter], { stdio: 'pipe' });
    const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    for (let tries = 0; isAlive(pid) && tries < 100; tries += 1) await sleep(50);
    expect(isAlive(pid)).toBe(false);
  });
});

/** Whether a process still runs, and is no zombie. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
