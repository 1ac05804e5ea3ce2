import { Controller, Get, Query } from '@nestjs/common';
import { FleetSearch, type SearchHit } from '@tidewaiter/store';

import { readInput } from '../http/requests.js';
import { searchQuery } from './search-schemas.js';

/** Recognizes what a text names. */
@Controller('api/v1/search')
export class SearchController {
  constructor(private readonly search: FleetSearch) {}

  @Get()
  async find(@Query() query: unknown): Promise<{ items: SearchHit[]; next: null }> {
    return { items: await this.search.of(readInput(searchQuery, query).q), next: null };
  }
}
