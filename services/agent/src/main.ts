import { type Environment, type RunningService, startReloadable } from '@tidewaiter/runtime';

import { AgentModule } from './agent.module.js';
import { AgentConfig } from './config.js';
import { AgentState } from './hub/agent-state.js';

/** Starts the agent of a cluster. */
export async function start(environment: Environment): Promise<RunningService> {
  const { folder } = new AgentConfig(environment);
  // One for the life of the process: the applications before and after a reload share it.
  const state = await AgentState.open(folder);
  return startReloadable(() => {
    const config = new AgentConfig(environment);
    return { name: 'agent', module: AgentModule.forRoot(config, state), config };
  });
}
