import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { buildImage, httpSink } from '@tidewaiter/testkit';
import { parse } from 'yaml';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { launcher, removeFolders, temporaryFolder } from './tidewaiter.js';

const root = resolve(launcher, '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

interface Action {
  inputs: Record<string, { description: string; default: string }>;
  runs: { using: string; steps: { shell: string; env: Record<string, string>; run: string }[] };
}
interface Job {
  variables: Record<string, string>;
  tidewaiter: { script: string[] };
}

const action = parse(read('action.yml')) as Action;
const [step] = action.runs.steps;

let home: string;
let image: string;
let advisories: string;

interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
  outputs: string;
}

/** Runs a shell line like a runner, in a folder of its own. */
async function shell(line: string, env: Record<string, string>): Promise<CommandResult> {
  const outputs = join(home, 'outputs');
  writeFileSync(outputs, '');
  const environment = {
    ...{ PATH: process.env['PATH'], HOME: home, XDG_CACHE_HOME: join(home, 'cache'), GITHUB_OUTPUT: outputs },
    ...env,
  };
  return new Promise((done) => {
    execFile('sh', ['-e', '-c', line], { env: environment, cwd: home }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr, outputs: readFileSync(outputs, 'utf8') });
    });
  });
}

/** Runs the action: the expressions of its environment are replaced as by GitHub. */
async function act(inputs: Record<string, string>, runner: Record<string, string> = {}): Promise<CommandResult> {
  for (const name of Object.keys(inputs)) expect(action.inputs).toHaveProperty([name]);
  const valueOf = (name: string) => inputs[name] ?? action.inputs[name]!.default;
  const env = Object.entries(step!.env).map(([name, text]): [string, string] => [
    name,
    text.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input: string) => valueOf(input)),
  ]);
  return shell(step!.run, { ...Object.fromEntries(env), ...runner, GITHUB_ACTION_PATH: root });
}

beforeAll(async () => {
  home = temporaryFolder();
  const dir = temporaryFolder();
  await buildImage(dir, { layers: [[debian13, dpkgStatus({ openssl: '3.0.15-1', zlib: '1.3-1' })]] });
  image = `oci:${dir}`;
  advisories = writeAdvisories(join(home, 'osv'), [
    { id: 'CVE-2026-1', package: 'openssl', fixed: '3.0.17-1', severity: 'HIGH' },
    { id: 'CVE-2026-2', package: 'zlib', severity: 'MEDIUM' },
  ]);
  await shell(`"${launcher}" --version`, {});
}, 240_000);

afterAll(removeFolders);

describe('the GitHub Action', () => {
  it('passes every input to the script, and none to the shell', () => {
    expect(action.runs.using).toBe('composite');
    const handed = Object.values(step!.env).map((text) => /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(text)?.[1]);
    expect(new Set(handed)).toEqual(new Set(Object.keys(action.inputs)));
    expect(step!.run).not.toContain('${{');
    const script = read('deploy/ci/scan.sh');
    for (const name of Object.keys(step!.env))
      expect(script).toMatch(new RegExp(`\\b${name.replace('INPUT_', '')}\\b`));
  });

  it.each<[number, string, Record<string, string>]>([
    [0, 'fail', {}],
    [1, 'fail', { 'exit-code': '1' }],
    [7, 'fail', { severity: 'CRITICAL,HIGH', 'exit-code': '7' }],
    [0, 'pass', { severity: 'CRITICAL', 'exit-code': '1' }],
    [1, 'fail', { 'severity-cutoff': 'medium', 'fail-build': 'true' }],
    [1, 'fail', { severity: 'MEDIUM', 'ignore-unfixed': 'true', 'exit-code': '1' }],
    [0, 'pass', { trivyignores: 'a.trivyignore, b.trivyignore', severity: 'LOW', 'exit-code': '1' }],
    [1, 'fail', { trivyignores: 'a.trivyignore\nmissing\n'.slice(0, 14), severity: 'LOW', 'exit-code': '1' }],
  ])(
    'exits with %i and prints %s for %j',
    async (code, verdict, inputs) => {
      writeFileSync(join(home, 'a.trivyignore'), 'CVE-2026-1\n');
      writeFileSync(join(home, 'b.trivyignore'), 'CVE-2026-2\n');
      const ended = await act({ 'image-ref': image, advisories, kinds: 'vulnerability', ...inputs });
      expect([ended.code, ended.outputs]).toEqual([code, `verdict=${verdict}\n`]);
    },
    60_000,
  );

  it('writes a report to the configured file', async () => {
    const { code, outputs, stdout } = await act({ image, advisories, format: 'sarif', output: 'out.sarif' });
    expect([code, outputs, stdout]).toEqual([0, 'verdict=fail\nreport=out.sarif\n', '']);
    expect(JSON.parse(readFileSync(join(home, 'out.sarif'), 'utf8'))).toMatchObject({ version: '2.1.0' });
  }, 60_000);

  it('compares with the image that is replaced', async () => {
    const { code, stdout, outputs } = await act({
      image,
      advisories,
      against: image,
      'fail-on': 'new:low',
      'exit-code': '1',
    });
    expect([code, outputs]).toEqual([0, 'verdict=pass\n']);
    expect(stdout).toContain('0 introduced');
  }, 60_000);

  describe('with a server', () => {
    const answer = { image: 'shop/cart:1', digest: null, result: 'pass', reasons: [], findings: [], warnings: [] };
    const gate = { ...answer, against: null, failOn: 'high', changes: null, counts: {}, suppressed: [], policies: [] };
    let platform: Awaited<ReturnType<typeof httpSink>>;
    /** Whether the platform accepts the job. */
    let accepts = true;

    beforeAll(async () => {
      platform = await httpSink(({ path }) => {
        if (path.startsWith('/oidc')) return { status: 200, body: { count: 7, value: 'job.oidc.token' } };
        if (path === '/api/v1/gate') return { status: 200, body: gate };
        return accepts ? { status: 200, body: { token: 'tide_short', name: 'ci:shop' } } : { status: 403, body: {} };
      });
    });

    beforeEach(() => {
      platform.received.length = 0;
      accepts = true;
    });

    afterAll(async () => platform.stop());

    const runner = () => ({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${platform.url}/oidc?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-secret',
    });
    const asked = () => platform.received.map(({ path, headers }) => [path, headers['authorization']]);
    const inputs = () => ({ image: 'shop/cart:1', server: platform.url, audience: 'https://tw.example.com' });

    it('exchanges the OIDC token of the job for a short one', async () => {
      const ended = await act(inputs(), runner());
      expect([ended.code, ended.outputs]).toEqual([0, 'verdict=pass\n']);
      expect(asked()).toEqual([
        ['/oidc?api-version=2.0&audience=https://tw.example.com', 'Bearer runner-secret'],
        ['/api/v1/ci-token', undefined],
        ['/api/v1/gate', 'Bearer tide_short'],
      ]);
      expect(JSON.parse(platform.received[1]!.text)).toEqual({ token: 'job.oidc.token' });
    }, 60_000);

    it('uses the given token where the job has none, or the platform refuses it', async () => {
      expect((await act({ ...inputs(), token: 'tide_given' })).code).toBe(0);
      expect(asked()).toEqual([['/api/v1/gate', 'Bearer tide_given']]);
      accepts = false;
      expect((await act({ ...inputs(), token: 'tide_given' }, runner())).code).toBe(0);
      expect(asked().at(-1)).toEqual(['/api/v1/gate', 'Bearer tide_given']);
    }, 60_000);

    it('fails without any token', async () => {
      const { code, stderr, outputs } = await act(inputs());
      expect([code, outputs]).toEqual([64, '']);
      expect(stderr).toContain('id-token: write');
    }, 60_000);
  });

  it('fails without advisories', async () => {
    const ended = await act({ image, kinds: 'vulnerability', 'exit-code': '1' });
    expect([ended.code, ended.outputs]).toEqual([2, 'verdict=unknown\n']);
  }, 60_000);

  it.each<[number, Record<string, string>]>([
    [64, {}],
    [64, { image: 'a', severity: 'awful' }],
    [64, { image: 'a', 'exit-code': 'one' }],
    [64, { image: '--help; touch hacked', timeout: '$(touch hacked)' }],
    [3, { image: '$(touch hacked)`touch hacked`' }],
    [3, { image: '--version' }],
    [2, { image: 'oci:x', vex: 'x" ; touch hacked ; "' }],
  ])(
    'exits with %i for %j without running anything',
    async (code, inputs) => {
      const ended = await act(inputs);
      expect([ended.code, ended.outputs]).toEqual([code, '']);
      expect(existsSync(join(home, 'hacked'))).toBe(false);
    },
    60_000,
  );
});

it('runs the same script from the GitLab template', async () => {
  const job = parse(read('deploy/ci/gitlab.yml')) as Job;
  expect(job.tidewaiter.script).toEqual(['/app/deploy/ci/scan.sh']);
  const line = job.tidewaiter.script[0]!.replace('/app', root);
  const env = { ...job.variables, INPUT_IMAGE_REF: image, INPUT_ADVISORIES: advisories };
  expect((await shell(line, env)).code).toBe(1);
  const report = JSON.parse(readFileSync(join(home, 'gl-container-scanning-report.json'), 'utf8')) as {
    vulnerabilities: object[];
  };
  expect(report.vulnerabilities.length).toBeGreaterThan(0);
}, 60_000);
