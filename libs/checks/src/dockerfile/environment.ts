import { shown } from '../check.js';
import type { EnvironmentRule } from '../environment/environment-rule.js';
import { environmentRules } from '../environment/environment-rules.js';
import { isSecretName, isSecretValue } from '../secret-name.js';
import { hasPassword } from '../shell/privileges.js';
import { allSteps, seenAt, shippedSteps, type DockerfileCheck } from './dockerfile-check.js';

/** Checks of every variable that ENV sets. */
export const environmentChecks: readonly DockerfileCheck[] = environmentRules.map(environmentCheck);

function environmentCheck({ stem, evaluate, passes, fails, ...info }: EnvironmentRule): DockerfileCheck {
  return {
    ...info,
    id: `dockerfile-${stem}`,
    *find(file) {
      for (const step of shippedSteps(file, 'ENV')) {
        for (const { name, value } of step.pairs) {
          const what =
            value?.isKnown || stem === 'unsafe-path' ? evaluate({ name, value: value?.text ?? '' }) : undefined;
          if (what !== undefined) yield seenAt(step, `The variable ${shown(name, 100)} ${what}`, shown(name, 100));
        }
      }
    },
    passes: passes.map((text) => `FROM a:1\nENV ${text}`),
    fails: fails.map((text) => `FROM a:1\nENV ${quoted(text)}`),
  };
}

function quoted(text: string): string {
  const equals = text.indexOf('=');
  return `${text.slice(0, equals)}="${text.slice(equals + 1)}"`;
}

export const secretArgument: DockerfileCheck = {
  id: 'dockerfile-secret-argument',
  title: 'Secret in build argument',
  severity: 'medium',
  reason: 'Values of build arguments are stored in the history of the image, readable for everyone who pulls it.',
  fix: 'Use RUN --mount=type=secret,env=NAME.',
  reference: 'https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/',
  *find(file) {
    const shipped = new Set(file.shipped);
    for (const step of allSteps(file, 'ARG')) {
      for (const { name, value } of step.pairs) {
        const isWrittenOut =
          value?.isKnown === true && ((isSecretName(name) && isSecretValue(value.text)) || hasPassword(value.text));
        // In a stage that is not shipped, only build cache and provenance contain the value passed
        // to the build.
        const isGiven = isSecretName(name) && shipped.has(step.stage) && (value === undefined || value.text === '');
        if (isWrittenOut || isGiven)
          yield seenAt(
            step,
            `The build argument ${shown(name, 100)} ${isWrittenOut ? 'has a secret as its default' : 'receives a secret'}`,
            shown(name, 100),
          );
      }
    }
  },
  passes: [
    'FROM a:1\nARG VERSION=1',
    'FROM a:1 AS b\nARG NPM_TOKEN\nFROM c:1',
    'FROM a:1\nARG TOKEN_URL',
    'FROM a:1\nRUN --mount=type=secret,id=token,env=TOKEN make',
  ],
  fails: [
    'FROM a:1\nARG NPM_TOKEN',
    'FROM a:1 AS b\nARG DB_PASSWORD=hunter2\nFROM c:1',
    'FROM a:1\nARG INDEX=https://me:hunter2@pypi.example.com/simple',
  ],
};
