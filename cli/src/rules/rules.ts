import { type Command, Option } from 'commander';

import { collect } from '../collect.js';

/** Tries Sigma rules before they are used. */
export function rulesCommand(program: Command): void {
  const rules = program.command('rules').description('what the detection looks for');
  const withPipelines = (command: Command) =>
    command.option('--pipeline <file>', 'what fits the rules to other names; may be given again', collect);
  withPipelines(
    rules
      .command('check')
      .description('say what is wrong with Sigma rules; exit code 1 when one is refused')
      .argument('<path...>', 'files, or folders of them'),
  ).action(async (paths: string[], flags: { pipeline?: string[] }) => {
    const { checkRules } = await import('./check.js');
    await checkRules(paths, flags.pipeline ?? []);
  });
  withPipelines(
    rules
      .command('test')
      .description('show which rules recorded events meet, and why')
      .argument('<path...>', 'files, or folders of them'),
  )
    .requiredOption('--events <file>', 'events, one JSON object a line: id, at, source, event; - for standard input')
    .option('--source <kind>', 'whose the events are that stand there as their sensor sends them: falco, tetragon …')
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'))
    .action(
      async (paths: string[], flags: { pipeline?: string[]; events: string; source?: string; output: string }) => {
        const { testRules } = await import('./test.js');
        await testRules(paths, { ...flags, pipelines: flags.pipeline ?? [], isJson: flags.output === 'json' });
      },
    );
  rules
    .command('import')
    .description('copy the rules that can be used here from a checkout of SigmaHQ, or an archive of one')
    .argument('<path>', 'a folder, a .zip, a .tar or a .tar.gz')
    .requiredOption('--into <dir>', 'where the rules go')
    .action(async (path: string, { into }: { into: string }) => {
      const { importRules } = await import('./import.js');
      await importRules(path, into);
    });
}
