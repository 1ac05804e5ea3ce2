import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { severities, verdicts } from '@tidewaiter/domain';
import { repositoryFields } from '@tidewaiter/query';
import { type ListedRepository, Lists, pushStates, repositoryList } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text } from '../http/fields.js';
import {
  countedListOf,
  countedPage,
  type CountedPage,
  exportedRows,
  exportQuery,
  listQuery,
  listRequest,
} from '../http/lists.js';
import { Operation } from '../http/operation.js';

const repositoriesQuery = listQuery(repositoryList, repositoryFields, '-pushed');
const repositoryExportQuery = exportQuery(repositoryList, repositoryFields, '-pushed');

const repositoryAnswer = z.object({
  registry: z.string(),
  connection: z.string(),
  repository: z.string(),
  /** Tags that point to an analyzed image. */
  tags: count,
  /** Tags whose image failed. */
  failedTags: count,
  /** Worst severity under its tags; null without any finding. */
  severity: z.enum(severities).nullable(),
  /** Whether a workload runs one of a tag; null while no sensor reports containers. */
  running: z.boolean().nullable(),
  /** Source repository that a label of its newest image names. */
  source: text,
  /** Its newest push. */
  newest: z.object({
    id: z.uuid(),
    tag: text,
    digest: text,
    state: z.enum(pushStates),
    verdict: z.enum(verdicts).nullable(),
    receivedAt: z.string(),
    pushedBy: text,
  }),
});

/** Repositories with their newest push. */
@Controller('api/v1/repositories')
export class RepositoriesController {
  constructor(private readonly lists: Lists) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Repositories by their newest push',
    answer: countedListOf(repositoryAnswer),
  })
  async list(
    @Query({ schema: repositoriesQuery }) query: z.output<typeof repositoriesQuery>,
  ): Promise<CountedPage<ListedRepository>> {
    return countedPage(this.lists, repositoryList, listRequest(query), query.count, (row) => row);
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Repositories as a file', mediaType: 'text/csv' })
  export(@Query({ schema: repositoryExportQuery }) query: z.output<typeof repositoryExportQuery>): StreamableFile {
    const file = { name: 'repositories', list: repositoryList, item: repositoryAnswer };
    return exportedRows(this.lists, file, query);
  }
}
