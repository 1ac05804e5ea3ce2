import { tell } from '../context.js';
import { counted, loadFrom, problemLine } from './load.js';

/** @throws NotFound `RULES_MISSING`; LimitExceeded; InvalidInput `PIPELINE_INVALID` */
export function checkRules(paths: readonly string[], pipelines: readonly string[]): void {
  const { rules, correlations, refused, warnings } = loadFrom(paths, pipelines);
  for (const problem of refused) process.stdout.write(`${problemLine(problem)}\n`);
  for (const problem of warnings) tell(`${problemLine(problem)}: look at this one`);
  const good = `${counted(rules.rules.length, 'rule')} and ${counted(correlations.length, 'correlation')} can be used`;
  tell(`${good}, ${refused.length} refused`);
  if (refused.length > 0) process.exitCode = 1;
}
