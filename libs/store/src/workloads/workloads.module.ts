import { Module } from '@nestjs/common';

import { SensorContacts } from './sensor-contacts.js';
import { WorkloadFindings } from './workload-findings.js';
import { WorkloadLedger } from './workload-ledger.js';
import { WorkloadNamespaces } from './workload-namespaces.js';

const repositories = [SensorContacts, WorkloadFindings, WorkloadLedger, WorkloadNamespaces];

/** Containers, workloads, their misconfigurations, and the sensors that report them. */
@Module({ providers: repositories, exports: repositories })
export class WorkloadsModule {}
