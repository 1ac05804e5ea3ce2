import { join } from 'node:path';

import { createLogger, type Environment, type RunningService, startReloadable } from '@tidewaiter/runtime';

import { AgentModule } from './agent.module.js';
import { AgentConfig } from './config.js';
import { ContainmentJournal } from './containment/containment-journal.js';
import { AgentState } from './hub/agent-state.js';
import { Outbox } from './outbox/outbox.js';
import { configureSensorRoute } from './sensors/sensor-http.js';

/** Starts the agent of a cluster. */
export async function start(environment: Environment): Promise<RunningService> {
  const { folder, outboxBytes: maxBytes, logLevel } = new AgentConfig(environment);
  const state = await AgentState.open(folder);
  const journal = await ContainmentJournal.open(folder);
  const outbox = await Outbox.open({
    folder: join(folder, 'outbox'),
    maxBytes,
    log: createLogger('agent', logLevel),
  });
  try {
    const service = await startReloadable(() => {
      const config = new AgentConfig(environment);
      return {
        name: 'agent',
        module: AgentModule.forRoot(config, { state, outbox, journal }),
        config,
        configure: (app) => configureSensorRoute(app, config.sensorToken),
      };
    });
    return {
      ...service,
      async stop() {
        await service.stop();
        await outbox.close();
      },
    };
  } catch (error) {
    await outbox.close();
    throw error;
  }
}
