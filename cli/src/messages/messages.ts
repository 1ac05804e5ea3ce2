import { InvalidInput, NotFound, printable } from '@tidewaiter/domain';
import type { MessageKind, Templates } from '@tidewaiter/messages';
import type { PreviewChannel } from '@tidewaiter/receivers';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { connected, flagsOf } from '../entries/entries.js';
import { changeApi } from '../server.js';

// The library is loaded only when a message is rendered.
const kinds = ['push', 'finding', 'incident', 'sensor', 'summary'] as const satisfies readonly MessageKind[];
const channels = ['text', 'email', 'slack'] as const satisfies readonly PreviewChannel[];

interface PreviewOptions {
  kind: MessageKind;
  channel: PreviewChannel;
  templates?: string;
}

/** Shows messages before anybody is sent one, and sends samples. */
export function messagesCommand(program: Command): void {
  const messages = program.command('messages').description('preview notifications, validate templates, send samples');
  messages
    .command('preview')
    .description('preview a notification with sample data')
    .addOption(new Option('--kind <kind>', 'what it is about').choices(kinds).makeOptionMandatory())
    .addOption(
      new Option('--channel <channel>', 'as the text of a mail, its HTML, or as Block Kit')
        .choices(channels)
        .default('text'),
    )
    .option('--templates <dir>', 'folder of templates, see docs/templates.md')
    .action(preview);
  messages
    .command('check')
    .description('validate templates; exit code 1 on errors')
    .argument('<dir>', 'their folder')
    .action(check);
  connected(messages.command('send'))
    .description('send a sample message to the channels of a receiver')
    .argument('<receiver>', 'name from the routing')
    .action(async (receiver: string, _: object, self: Command) => {
      const path = `receivers/${encodeURIComponent(receiver)}/test`;
      const { deliveries } = await changeApi('POST', path, null, await flagsOf(self), isTest);
      for (const id of deliveries) process.stdout.write(`${printable(id)}\n`);
      printStderr('sent; `tidewaiter deliveries list` shows what became of it');
    });
}

function isTest(answer: unknown): answer is { deliveries: string[] } {
  return Array.isArray((answer as { deliveries?: unknown } | undefined)?.deliveries);
}

async function preview({ kind, channel, templates: dir }: PreviewOptions): Promise<void> {
  const [{ Templates }, { previewMessage }] = await Promise.all([
    import('@tidewaiter/messages'),
    import('@tidewaiter/receivers'),
  ]);
  const templates = dir === undefined ? new Templates() : await readTemplatesOf(dir);
  const { title, content } = previewMessage(kind, channel, {
    templates,
    consoleUrl: 'https://tidewaiter.example.com/',
  });
  // The text of a mail begins with its subject.
  if (channel !== 'text') process.stderr.write(`${printable(title)}\n`);
  process.stdout.write(content);
}

async function check(dir: string): Promise<void> {
  try {
    await readTemplatesOf(dir);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    for (const line of error.message.split('\n')) process.stdout.write(`${printable(line)}\n`);
    process.exitCode = 1;
  }
}

/** @throws NotFound `TEMPLATES_MISSING`; InvalidInput `TEMPLATES_INVALID` */
async function readTemplatesOf(dir: string): Promise<Templates> {
  const [{ readTemplates }, { readFolder }] = await Promise.all([
    import('@tidewaiter/messages'),
    import('@tidewaiter/runtime'),
  ]);
  try {
    return readTemplates(readFolder(dir));
  } catch (cause) {
    if (cause instanceof InvalidInput) throw cause;
    throw new NotFound('TEMPLATES_MISSING', `cannot read ${dir}`, { cause });
  }
}
