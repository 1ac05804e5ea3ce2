import { Controller, Get, Param, Query, StreamableFile } from '@nestjs/common';
import { checks } from '@tidewaiter/checks';
import { isDigest, NotFound } from '@tidewaiter/domain';
import {
  incidentList,
  type ListedWorkload,
  Lists,
  type Page,
  PackageUses,
  type WorkloadFinding,
  WorkloadFindings,
  WorkloadLedger,
  workloadList,
  type WorkloadNamespace,
  WorkloadNamespaces,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { countedListOf, countedPage, type CountedPage, exportedRows, listRequest, whereOf } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { describeIncident } from '../incidents/incidents.controller.js';
import {
  placeParameter,
  workloadAnswer,
  workloadDetailAnswer,
  workloadExportQuery,
  workloadFindingAnswer,
  workloadFindingsQuery,
  workloadNamespaceAnswer,
  workloadsQuery,
} from './workload-schemas.js';

type WorkloadFindingAnswer = z.output<typeof workloadFindingAnswer>;

const advice = new Map(checks.map(({ id, reason, fix, reference }) => [id, { reason, fix, reference }]));

/** Rows of each part of the page of a workload. */
const maxRows = 200;
const maxNamespaces = 5_000;

/** Workloads, and their misconfigurations. */
@Controller('api/v1/workloads')
export class WorkloadsController {
  constructor(
    private readonly lists: Lists,
    private readonly findings: WorkloadFindings,
    private readonly ledger: WorkloadLedger,
    private readonly uses: PackageUses,
    private readonly namespaces: WorkloadNamespaces,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Workloads by open incidents, then by the worst finding of their images',
    answer: countedListOf(workloadAnswer),
  })
  async listWorkloads(
    @Query({ schema: workloadsQuery }) query: z.output<typeof workloadsQuery>,
  ): Promise<CountedPage<ListedWorkload>> {
    return countedPage(this.lists, workloadList, listRequest(query), query.count, (row) => row);
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Workloads as a file', mediaType: 'text/csv' })
  export(@Query({ schema: workloadExportQuery }) query: z.output<typeof workloadExportQuery>): StreamableFile {
    return exportedRows(this.lists, { name: 'workloads', list: workloadList, item: workloadAnswer }, query);
  }

  @Get('namespaces')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Namespaces of all clusters with what their workloads add up to',
    answer: listOf(workloadNamespaceAnswer),
  })
  async listNamespaces(): Promise<Page<WorkloadNamespace>> {
    return { items: await this.namespaces.list(maxNamespaces), next: null };
  }

  @Get('findings')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Misconfigurations of workloads, newest first',
    answer: listOf(workloadFindingAnswer),
  })
  async list(
    @Query({ schema: workloadFindingsQuery }) {
      limit,
      after,
      workload,
      ...filter
    }: z.output<typeof workloadFindingsQuery>,
  ): Promise<Page<WorkloadFindingAnswer>> {
    const { items, next } = await this.findings.list({ limit, after }, { ...filter, ...workload });
    return { items: items.map(describeFinding), next };
  }

  /** Returns a workload with all that is known about it; `-` is the cluster without a name. */
  @Get(':cluster/:namespace/:kind/:name')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'A workload with its containers, packages in use, misconfigurations and incidents',
    answer: workloadDetailAnswer,
  })
  async get(
    @Param('cluster', { schema: placeParameter }) clusterName: string,
    @Param('namespace', { schema: placeParameter }) namespace: string,
    @Param('kind', { schema: placeParameter }) kind: string,
    @Param('name', { schema: placeParameter }) name: string,
  ): Promise<z.output<typeof workloadDetailAnswer>> {
    const cluster = clusterName === '-' ? '' : clusterName;
    const place = { cluster, namespace, kind, name };
    const one = { sort: 'name', isDescending: false, limit: 1 } as const;
    const { items } = await this.lists.page(workloadList, { ...one, where: whereOf(place) });
    const [workload] = items;
    if (!workload) throw new NotFound('WORKLOAD_UNKNOWN', `no workload ${namespace}/${kind}/${name} in ${clusterName}`);
    const digests = workload.images.map(({ digest }) => digest).filter(isDigest);
    const about = { workload: `${namespace}/${kind}/${name}`, ...(cluster !== '' && { cluster }) };
    const [runs, inUse, findings, incidents] = await Promise.all([
      this.ledger.containersOf(place, maxRows),
      this.uses.of(digests),
      this.findings.list({ limit: maxRows }, place),
      this.lists.page(incidentList, {
        where: whereOf<keyof typeof incidentList.fields>(about),
        ...{ sort: 'number', isDescending: true, limit: maxRows },
      }),
    ]);
    return {
      ...workload,
      runs,
      inUse: inUse.slice(0, maxRows),
      findings: findings.items.map(describeFinding),
      incidentList: incidents.items.map(describeIncident),
    };
  }
}

function describeFinding(finding: WorkloadFinding): WorkloadFindingAnswer {
  const { reason = null, fix = null, reference = null } = advice.get(finding.check) ?? {};
  return { ...finding, reason, fix, reference };
}
