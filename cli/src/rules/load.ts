import { scopeProblem } from '@tidewaiter/detection';
import { printable } from '@tidewaiter/domain';
import { readRuleFiles } from '@tidewaiter/rule-files';
import { type LoadedRules, loadRules, readPipeline, type RefusedRule } from '@tidewaiter/sigma';

/** @throws NotFound `RULES_MISSING`; LimitExceeded; InvalidInput `PIPELINE_INVALID` */
export async function loadFrom(paths: readonly string[], pipelines: readonly string[]): Promise<LoadedRules> {
  return loadRules(await readRuleFiles(paths), {
    pipelines: (await readRuleFiles(pipelines)).map(readPipeline),
    validate: scopeProblem,
  });
}

/** `rules/a.yml:7: unknown modifier "foo" (Title)` */
export function problemLine({ file, line, reason, title }: RefusedRule): string {
  return `${printable(file)}:${line}: ${printable(reason)}${title === undefined ? '' : ` (${printable(title)})`}`;
}
