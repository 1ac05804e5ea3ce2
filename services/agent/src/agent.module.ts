import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Egress } from '@tidewaiter/egress';

import { AgentConfig } from './config.js';
import { AgentState } from './hub/agent-state.js';
import { Hub } from './hub/hub.js';
import { Membership } from './hub/membership.js';

/** Events of one cluster in, to the hub. */
@Module({ providers: [Hub, Membership] })
export class AgentModule implements OnApplicationShutdown {
  constructor(private readonly egress: Egress) {}

  static forRoot(config: AgentConfig, state: AgentState): DynamicModule {
    return {
      module: AgentModule,
      providers: [
        { provide: AgentConfig, useValue: config },
        { provide: AgentState, useValue: state },
        { provide: Egress, useValue: new Egress({ allow: [] }) },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
  }
}
