import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { messagesCommand } from './messages.js';

let folder: string;
let output: CapturedOutput;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-messages-'));
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  process.exitCode = undefined;
  await rm(folder, { recursive: true });
});

async function run(...words: string[]): Promise<void> {
  const program = new Command().exitOverride();
  messagesCommand(program);
  await program.parseAsync(['messages', ...words], { from: 'user' });
}

const put = async (name: string, text: string) => writeFile(join(folder, name), text);

describe('messagesCommand', () => {
  it('shows a message in the words of templates', async () => {
    await put('push.title.liquid', '{{ word }}: {{ about.repository }}');
    await run('preview', '--kind', 'push', '--templates', folder);
    expect(output.stdout).toMatch(/^Critical: shop\/checkout\n\nNew since the previous push: 1 critical, 4 high\./);
  });

  it('shows what Slack would be given', async () => {
    await run('preview', '--kind', 'incident', '--channel', 'slack');
    expect(JSON.parse(output.stdout)).toHaveProperty('blocks.0.type', 'header');
  });

  it('says what is wrong with templates, with file and line', async () => {
    await put('push.title.liquid', '\n{{ titel }}');
    await run('check', folder);
    expect(output.stdout).toBe(`${join(folder, 'push.title.liquid')}:2: undefined variable: titel\n`);
    expect(process.exitCode).toBe(1);
  });

  it('finds nothing wrong with what is right, and no folder where there is none', async () => {
    await put('push.title.liquid', 'ok');
    await run('check', folder);
    expect(process.exitCode).toBeUndefined();
    await expect(run('check', join(folder, 'none'))).rejects.toMatchObject({ code: 'TEMPLATES_MISSING' });
  });
});
