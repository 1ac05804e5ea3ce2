import { Controller, Get, Query } from '@nestjs/common';
import {
  completionsAt,
  type Field,
  type Fields,
  InvalidQuery,
  listFields,
  listNames,
  operatorsOf,
  parseQuery,
} from '@tidewaiter/query';
import { type ApiCaller, Lists } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { ListAccess } from './list-access.js';
import { filteredFields, filteredRows, listCatalog } from './list-catalog.js';
import { completionsAnswer, completionsQuery, listsAnswer } from './lists-schemas.js';

/** Catalog of the lists, and completions of their queries. */
@Controller('api/v1')
export class ListsController {
  constructor(
    private readonly lists: Lists,
    private readonly access: ListAccess,
  ) {}

  @Get('lists')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Lists with their fields, operators, values and orders',
    answer: listsAnswer,
  })
  catalog(): z.output<typeof listsAnswer> {
    const items = listNames.map((name) => ({
      name,
      path: `/api/v1/${name}`,
      fields: Object.entries<Field>(listFields[name]).map(([field, known]) => ({
        name: field,
        type: known.type,
        description: known.description,
        operators: [...operatorsOf(known)],
        values: 'values' in known ? [...known.values] : null,
      })),
      sorts: Object.keys(listCatalog[name].list.sorts),
      defaultSort: listCatalog[name].sort,
    }));
    return { items, next: null };
  }

  @Get('completions')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Completions of a query while it is typed',
    answer: completionsAnswer,
  })
  async complete(
    @Query({ schema: completionsQuery }) { list, q, cursor = q.length }: z.output<typeof completionsQuery>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof completionsAnswer>> {
    this.access.require(list, caller);
    const fields = filteredFields[list];
    const place = Math.min(cursor, q.length);
    const problem = problemOf(q, fields);
    const { start, end, items, fieldOfValue } = completionsAt(q, place, fields);
    if (fieldOfValue === undefined) return { start, end, items: [...items], problem };
    const written = q.slice(start, place).replace(/^"/, '');
    const values = await this.lists.values(filteredRows[list], fieldOfValue, written);
    return { start, end, items: values.map((value) => ({ text: quoted(value), description: '' })), problem };
  }
}

function problemOf(q: string, fields: Fields): { column: number; message: string } | null {
  try {
    parseQuery(q, fields, new Date());
    return null;
  } catch (error) {
    if (!(error instanceof InvalidQuery)) throw error;
    return { column: error.position + 1, message: error.message };
  }
}

/** A value as a query has it: with spaces, commas and parentheses it stands in quotation marks. */
function quoted(value: string): string {
  return /[\s(),"\\]/.test(value) ? `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"` : value;
}
