import { Controller, Get, Param, Query, StreamableFile } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import {
  BlastRadii,
  FleetExposure,
  Lists,
  upgradeList,
  VulnerabilityDetails,
  vulnerabilityList,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { countedPage, exportedRows, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import {
  fixAnswer,
  fixesAnswer,
  fixesQuery,
  fixExportQuery,
  vulnerabilitiesAnswer,
  vulnerabilitiesQuery,
  vulnerabilityAnswer,
  vulnerabilityDetailAnswer,
  vulnerabilityExportQuery,
  vulnerabilityParameter,
} from './vulnerability-schemas.js';

/** Images on the page of a vulnerability. */
const shownImages = 50;

/** Vulnerabilities of the fleet. */
@Controller('api/v1/vulnerabilities')
export class VulnerabilitiesController {
  constructor(
    private readonly lists: Lists,
    private readonly exposure: FleetExposure,
    private readonly details: VulnerabilityDetails,
    private readonly radii: BlastRadii,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Vulnerabilities in images that a tag points to or that run, by risk',
    answer: vulnerabilitiesAnswer,
  })
  async list(
    @Query({ schema: vulnerabilitiesQuery }) query: z.output<typeof vulnerabilitiesQuery>,
  ): Promise<z.output<typeof vulnerabilitiesAnswer>> {
    const [page, asOf] = await Promise.all([
      countedPage(this.lists, vulnerabilityList, listRequest(query), query.count, (row) => row),
      this.exposure.refreshedAt(),
    ]);
    return { ...page, asOf };
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Vulnerabilities as a file', mediaType: 'text/csv' })
  export(
    @Query({ schema: vulnerabilityExportQuery }) query: z.output<typeof vulnerabilityExportQuery>,
  ): StreamableFile {
    const file = { name: 'vulnerabilities', list: vulnerabilityList, item: vulnerabilityAnswer };
    return exportedRows(this.lists, file, query);
  }

  @Get(':id')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'A vulnerability with its advisories, packages, fixes, images and workloads',
    answer: vulnerabilityDetailAnswer,
  })
  async get(
    @Param('id', { schema: vulnerabilityParameter }) id: string,
  ): Promise<z.output<typeof vulnerabilityDetailAnswer>> {
    const found = await this.details.named(id);
    if (!found) throw new NotFound('VULNERABILITY_UNKNOWN', `no image has had ${id} in the last year`);
    const [detail, reach, asOf] = await Promise.all([
      this.details.of(found),
      this.radii.of({ vulnerability: found.id }, { limit: shownImages }),
      this.exposure.refreshedAt(),
    ]);
    return { ...detail, reach, asOf };
  }
}

/** Upgrades that close vulnerabilities of the fleet. */
@Controller('api/v1/fixes')
export class FixesController {
  constructor(
    private readonly lists: Lists,
    private readonly exposure: FleetExposure,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Upgrades with the vulnerabilities that they close, by risk',
    answer: fixesAnswer,
  })
  async list(@Query({ schema: fixesQuery }) query: z.output<typeof fixesQuery>): Promise<z.output<typeof fixesAnswer>> {
    const [page, asOf] = await Promise.all([
      countedPage(this.lists, upgradeList, listRequest(query), query.count, (row) => row),
      this.exposure.refreshedAt(),
    ]);
    return { ...page, asOf };
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Upgrades as a file', mediaType: 'text/csv' })
  export(@Query({ schema: fixExportQuery }) query: z.output<typeof fixExportQuery>): StreamableFile {
    return exportedRows(this.lists, { name: 'fixes', list: upgradeList, item: fixAnswer }, query);
  }
}
