import type { CommandRule } from '../shell/command-rule.js';
import { commandRules } from '../shell/command-rules.js';
import { stepsExample, type ImageCheck } from './image-facts.js';

/** Checks of every command in the history. */
export const commandChecks: readonly ImageCheck[] = commandRules.map(commandCheck);

function commandCheck({ stem, find, passes, fails, ...info }: CommandRule): ImageCheck {
  return {
    ...info,
    id: `image-${stem}`,
    *find({ steps }) {
      for (const { script } of steps) {
        for (const what of script ? find(script) : []) {
          yield { title: `${info.title}: ${what}`, place: what, instruction: 'RUN', field: 'history' };
        }
      }
    },
    passes: passes.map((script) => stepsExample(`RUN /bin/sh -c ${script} # buildkit`)),
    fails: fails.flatMap((script) => [
      stepsExample(`RUN /bin/sh -c ${script} # buildkit`),
      stepsExample(`|1 VERSION=1 /bin/sh -c ${script}`),
    ]),
  };
}
