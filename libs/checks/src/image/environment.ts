import { shown } from '../check.js';
import { variableOf, type EnvironmentRule } from '../environment/environment-rule.js';
import { environmentRules } from '../environment/environment-rules.js';
import { isSecretName, isSecretValue } from '../secret-name.js';
import { hasPassword } from '../shell/privileges.js';
import { stepsExample, type ImageCheck } from './image-facts.js';

/** Checks of every variable of the config. */
export const environmentChecks: readonly ImageCheck[] = environmentRules.map(environmentCheck);

function environmentCheck({ stem, evaluate, passes, fails, ...info }: EnvironmentRule): ImageCheck {
  return {
    ...info,
    id: `image-${stem}`,
    *find({ config: { env } }) {
      for (const text of env) {
        const variable = variableOf(text);
        const what = evaluate(variable);
        const name = shown(variable.name, 100);
        if (what !== undefined)
          yield { title: `The variable ${name} ${what}`, place: name, field: `config.Env.${name}` };
      }
    },
    passes: passes.map((text) => ({ config: { env: [text] } })),
    fails: fails.map((text) => ({ config: { env: [text] } })),
  };
}

export const secretBuildArgument: ImageCheck = {
  id: 'image-secret-build-argument',
  title: 'Secret passed as build argument',
  severity: 'high',
  reason: 'Values of build arguments are stored in the history of the image, readable for everyone who pulls it.',
  fix: 'Use RUN --mount=type=secret and rotate the secret; treat it as leaked.',
  reference: 'https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/',
  *find({ steps }) {
    const names = new Set<string>();
    for (const { buildArguments } of steps) {
      for (const { name, value } of buildArguments.map(variableOf)) {
        if ((isSecretName(name) && isSecretValue(value)) || hasPassword(value)) names.add(shown(name, 100));
      }
    }
    // Every step repeats the arguments of the ones before it.
    for (const name of names)
      yield {
        title: `The build argument ${name} contained a secret`,
        place: name,
        instruction: 'ARG',
        field: 'history',
      };
  },
  passes: [
    stepsExample('RUN |1 VERSION=1.2 /bin/sh -c make # buildkit', '|1 TOKEN= /bin/sh -c make'),
    stepsExample('RUN |1 TOKEN_URL=https://example.com /bin/sh -c make # buildkit'),
  ],
  fails: [
    stepsExample('RUN |2 VERSION=1 NPM_TOKEN=abcdef123 /bin/sh -c npm ci # buildkit'),
    stepsExample('|1 DB_PASSWORD=two words /bin/sh -c make'),
    stepsExample('RUN |1 INDEX=https://me:abcdef@pypi.example.com/simple /bin/sh -c pip install a # buildkit'),
  ],
};
