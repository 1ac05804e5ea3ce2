import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Egress } from '@tidewaiter/egress';
import { InFlightBytes } from '@tidewaiter/runtime';

import { AgentMetrics } from './agent-metrics.js';
import { AgentConfig } from './config.js';
import { ContainmentCluster } from './containment/containment-cluster.js';
import { ContainmentJournal } from './containment/containment-journal.js';
import { ContainmentWork } from './containment/containment-work.js';
import { OrderExecution } from './containment/order-execution.js';
import { AgentState } from './hub/agent-state.js';
import { Hub } from './hub/hub.js';
import { Membership } from './hub/membership.js';
import { KubernetesApi } from './kubernetes/kubernetes-api.js';
import { Watchers } from './kubernetes/watchers.js';
import { OutboxSender } from './outbox/outbox-sender.js';
import { Outbox } from './outbox/outbox.js';
import { ReportStore } from './reports/report-store.js';
import { WorkloadReports } from './reports/workload-reports.js';
import { SensorEventsController } from './sensors/sensor-events.controller.js';
import { StatusReports } from './status/status-reports.js';

/** Limit on the bodies of sensors in memory at one moment. */
const maxHeldBytes = 32 * 2 ** 20;

/** Parts that the applications before and after a reload share. */
export interface AgentFolder {
  state: AgentState;
  outbox: Outbox;
  journal: ContainmentJournal;
}

/** Events of one cluster in, to the hub. */
@Module({
  controllers: [SensorEventsController],
  providers: [
    AgentMetrics,
    ContainmentCluster,
    ContainmentWork,
    Hub,
    KubernetesApi,
    Membership,
    OrderExecution,
    OutboxSender,
    ReportStore,
    StatusReports,
    Watchers,
    WorkloadReports,
    { provide: InFlightBytes, useFactory: () => new InFlightBytes(maxHeldBytes) },
  ],
})
export class AgentModule implements OnApplicationShutdown {
  constructor(private readonly egress: Egress) {}

  static forRoot(config: AgentConfig, { state, outbox, journal }: AgentFolder): DynamicModule {
    return {
      module: AgentModule,
      providers: [
        { provide: AgentConfig, useValue: config },
        { provide: AgentState, useValue: state },
        { provide: Outbox, useValue: outbox },
        { provide: ContainmentJournal, useValue: journal },
        { provide: Egress, useValue: new Egress({ allow: [] }) },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
  }
}
