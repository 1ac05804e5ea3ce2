import type { Command } from 'commander';

import { buildCommand } from './build.js';
import { importCommand } from './import.js';
import { mirrorCommand } from './mirror.js';
import { pushCommand } from './push.js';
import { statusCommand } from './status.js';
import { syncCommand } from './sync.js';

/** Vulnerability data: into the local file or the platform's database, and what is there. */
export function advisoriesCommand(program: Command): void {
  const advisories = program.command('advisories').description('vulnerability data');
  syncCommand(advisories);
  importCommand(advisories);
  statusCommand(advisories);
  buildCommand(advisories);
  pushCommand(advisories);
  mirrorCommand(advisories);
}
