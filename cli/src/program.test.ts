import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { commandNames, createProgram } from './program.js';

const namesOf = async (...args: string[]) => (await createProgram(args)).commands.map((command) => command.name());

describe('createProgram', () => {
  it.each(commandNames)('has the command %s in a folder of its name', (name) => {
    expect(existsSync(join(__dirname, name, `${name}.ts`))).toBe(true);
  });

  it.each([[[]], [['--help']], [['completion', 'bash']], [['help', 'scan']], [['scna']]])(
    'defines every command for %j',
    async (args) => {
      expect(await namesOf(...args)).toEqual([...commandNames, 'version']);
    },
  );

  it.each([
    [['scan', 'up'], 'scan'],
    [['--debug', 'dead-letters', 'list'], 'dead-letters'],
    [['image'], 'scan'],
  ])('defines a single command for %j', async (args, name) => {
    expect(await namesOf(...args)).toEqual([name, 'version']);
  });

  it.each([[['--version']], [['version']]])('defines none for %j', async (args) => {
    expect(await namesOf(...args)).toEqual(['version']);
  });
});
