import { Controller, Get, Query } from '@nestjs/common';
import { FleetSearch, type SearchHit } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { searchQuery, searchHitAnswer } from './search-schemas.js';

/** Recognizes what a text names. */
@Controller('api/v1/search')
export class SearchController {
  constructor(private readonly search: FleetSearch) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Search results for a text, with links',
    answer: listOf(searchHitAnswer),
  })
  async find(
    @Query({ schema: searchQuery }) query: z.output<typeof searchQuery>,
  ): Promise<{ items: SearchHit[]; next: null }> {
    return { items: await this.search.of(query.q), next: null };
  }
}
