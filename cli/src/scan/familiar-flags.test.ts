import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput } from '@tidewaiter/testkit';

import { createProgram } from '../program.js';

let folder: string;
let file: string;
let output: CapturedOutput;
let errors: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-flags-'));
  file = join(folder, 'Dockerfile');
  // One high finding, one medium and two negligible ones.
  writeFileSync(file, 'FROM debian:7\n');
  // Not the advisories of whoever runs the test.
  process.env['XDG_CACHE_HOME'] = folder;
  output = captureOutput();
  errors = '';
});

afterEach(() => {
  output.restore();
  process.exitCode = undefined;
  delete process.env['XDG_CACHE_HOME'];
  rmSync(folder, { recursive: true });
});

/** Runs a command line. @returns the exit code */
async function run(...args: string[]): Promise<unknown> {
  const program = await createProgram();
  for (const command of [program, ...program.commands])
    command.configureOutput({ ...command.configureOutput(), writeErr: (text) => void (errors += text) });
  await program.parseAsync(args, { from: 'user' });
  return process.exitCode;
}

describe('scan with flags of other scanners', () => {
  it.each([
    [['--severity', 'HIGH,CRITICAL', '--exit-code', '7'], 7],
    [['--severity', 'CRITICAL', '--exit-code', '7'], undefined],
    [['-s', 'critical', '--exit-code', '1'], 0],
    [['--exit-code', '1'], 1],
    [['--exit-code', '0', '--severity', 'HIGH'], undefined],
    [['--fail-on', 'HIGH'], 1],
    [['--scanners', 'secret,vuln', '--exit-code', '1', '--severity', 'HIGH'], 0],
    [['--scanners', 'misconfig', '--exit-code', '1', '--severity', 'HIGH'], 1],
  ])('exits with %j as %s', async (flags, code) => {
    expect((await run('scan', `dockerfile:${file}`, ...flags)) ?? 0).toBe(code ?? 0);
  });

  it('shows only the severities that are asked for', async () => {
    await run('scan', `dockerfile:${file}`, '--severity', 'MEDIUM,HIGH', '-f', 'json');
    const { findings } = JSON.parse(output.stdout) as { findings: { severity: string }[] };
    expect(findings.map(({ severity }) => severity)).toEqual(['high', 'medium']);
  });

  it('writes the format of --format to the file of --output', async () => {
    const report = join(folder, 'report.json');
    await run('image', '--input', file, '--format', 'json', '--output', report);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ schemaVersion: 1 });
    expect(output.stdout).toBe('');
  });

  it('never prints "fail" where the exit code is 0', async () => {
    await run('scan', file);
    expect(output.stdout).not.toMatch(/^fail/m);
    expect(output.stdout.trimEnd().split('\n').at(-1)).toBe(
      '1 finding is high or worse; --fail-on high makes that exit code 1',
    );
  });

  it.each([
    [['scan', 'x', '--skip-db-update'], 'use --offline'],
    [['scan', 'x', '--vuln-type', 'os'], 'use --kinds'],
    [['fs', '.'], 'use scan rootfs:DIR'],
    [['scan', 'x', '--scanners', 'license'], 'Licenses are in `tidewaiter sbom`.'],
    [['scan', 'x', '--severity', 'SEVERE'], 'Severities are critical, high, medium, low, negligible, unknown.'],
    [['scan'], "missing required argument 'target'"],
  ])('names what %j is called here', async (args, text) => {
    await expect(run(...args)).rejects.toMatchObject({ exitCode: 1 });
    expect(errors).toContain(text);
  });
});

describe('createProgram', () => {
  it('prints the version as a command, too', async () => {
    await run('version');
    expect(output.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('shows defaults of durations as they are written', async () => {
    const scan = (await createProgram()).commands.find((each) => each.name() === 'scan')!;
    expect(scan.helpInformation().replaceAll(/\s+/g, ' ')).toContain('give up after this long (default: 10m)');
  });
});
