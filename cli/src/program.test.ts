import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { createProgram } from './program.js';

describe('createProgram', () => {
  const names = createProgram()
    .commands.map((command) => command.name())
    .filter((name) => name !== 'version');

  it.each(names)('has the command %s in a folder of its name', (name) => {
    expect(existsSync(join(__dirname, name, `${name}.ts`))).toBe(true);
  });
});
