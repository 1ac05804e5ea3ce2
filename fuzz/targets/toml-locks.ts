import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const tomlLocks: Target = {
  name: 'toml-locks',
  run: (input) =>
    readFiles(
      input,
      'app/poetry.lock',
      'app/uv.lock',
      'app/pdm.lock',
      'app/Cargo.lock',
      'root/.julia/environments/v1.10/Manifest.toml',
    ),
};
