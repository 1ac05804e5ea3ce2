import { type Command, Option } from 'commander';

import { collect } from '../collect.js';
import { listOptions } from '../lists/lists.js';

/** Tries Sigma rules before they are used. */
export function rulesCommand(program: Command): void {
  const rules = listOptions(program.command('rules'), 'rules');
  const withPipelines = (command: Command) =>
    command.option('--pipeline <file>', 'Sigma processing pipeline; repeatable', collect);
  withPipelines(
    rules
      .command('check')
      .description('validate Sigma rules; exit code 1 on errors')
      .argument('<path...>', 'files, or folders of them'),
  ).action(async (paths: string[], flags: { pipeline?: string[] }) => {
    const { checkRules } = await import('./check.js');
    await checkRules(paths, flags.pipeline ?? []);
  });
  withPipelines(
    rules
      .command('test')
      .description('show which rules match recorded events, and why')
      .argument('<path...>', 'files, or folders of them'),
  )
    .requiredOption('--events <file>', 'events, one JSON object a line: id, at, source, event; - for standard input')
    .option('--source <kind>', 'sensor that sent raw events: falco, tetragon …')
    .addOption(new Option('--format <format>', 'how').choices(['text', 'json']).default('text'))
    .action(
      async (paths: string[], flags: { pipeline?: string[]; events: string; source?: string; format: string }) => {
        const { testRules } = await import('./test.js');
        await testRules(paths, { ...flags, pipelines: flags.pipeline ?? [], isJson: flags.format === 'json' });
      },
    );
  rules
    .command('import')
    .description('import usable rules from a checkout or archive of SigmaHQ')
    .argument('<path>', 'a folder, a .zip, a .tar or a .tar.gz')
    .requiredOption('--into <dir>', 'target folder')
    .action(async (path: string, { into }: { into: string }) => {
      const { importRules } = await import('./import.js');
      await importRules(path, into);
    });
}
