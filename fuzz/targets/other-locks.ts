import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const otherLocks: Target = {
  name: 'other-locks',
  run: (input) =>
    readFiles(
      input,
      'app/Gemfile.lock',
      'app/composer.lock',
      'app/Pipfile.lock',
      'app/mix.lock',
      'app/rebar.lock',
      'app/pubspec.lock',
      'app/stack.yaml.lock',
      'app/Package.resolved',
      'app/conan.lock',
      'app/cabal.project.freeze',
    ),
};
