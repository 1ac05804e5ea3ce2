import { failedExamples } from '@tidewaiter/detection';

import { printStderr } from '../context.js';
import { counted } from '../terminal.js';
import { loadFrom, problemLine } from './load.js';

/** @throws NotFound `RULES_MISSING`; LimitExceeded; InvalidInput `PIPELINE_INVALID` */
export async function checkRules(paths: readonly string[], pipelines: readonly string[]): Promise<void> {
  const { rules, correlations, refused, warnings } = await loadFrom(paths, pipelines);
  const failed = failedExamples({ rules, correlations }).map(({ rule, example, reason }) => ({
    ...rule,
    reason: `example ${JSON.stringify(example)}: ${reason}`,
  }));
  for (const problem of [...refused, ...failed]) process.stdout.write(`${problemLine(problem)}\n`);
  for (const problem of warnings) printStderr(`${problemLine(problem)}: look at this one`);
  const good = `${counted(rules.rules.length, 'rule')} and ${counted(correlations.length, 'correlation')} can be used`;
  printStderr(
    `${good}, ${refused.length} refused${failed.length > 0 ? `, ${counted(failed.length, 'example')} failed` : ''}`,
  );
  if (refused.length + failed.length > 0) process.exitCode = 1;
}
