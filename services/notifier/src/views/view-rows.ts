import { Injectable } from '@nestjs/common';
import { includesRole, TidewaiterError } from '@tidewaiter/domain';
import { type Fields, listFields, type ListName, parseQuery } from '@tidewaiter/query';
import { reasonOf, TidewaiterSettings } from '@tidewaiter/runtime';
import { type DueView, Lists, type NamedRow, rowLists, ScopedRows, Store } from '@tidewaiter/store';

/** Rows that a view may have to be watched: as many as a list counts. */
const maxRows = 10_000;

/** Rows of a view, or the reason for which they were not read. */
export type ViewReading = { rows: NamedRow[]; problem: null } | { rows: null; problem: string };

/** Reads the rows of views, each with the present rights of its owner. */
@Injectable()
export class ViewRows {
  constructor(
    private readonly settings: TidewaiterSettings,
    private readonly store: Store,
    private readonly lists: Lists,
  ) {}

  /** @throws Unavailable when another try may succeed */
  async of({ list, q, owner, role, scopes }: DueView): Promise<ViewReading> {
    if (role === null) return failed(`${owner} may not sign in any more`);
    if (!includesRole(role, 'responder')) return failed(`${owner} has the role ${role}, and it needs responder`);
    const limits = scopes && new ScopedRows(scopes, this.settings.owners.rules);
    const read = async () => this.#read(list as ListName, q);
    try {
      const rows = await (limits ? this.store.within(limits, read) : this.store.unlimited(read));
      if (rows.length <= maxRows) return { rows, problem: null };
      return failed(`it has more than ${maxRows.toLocaleString('en')} rows: add a condition to its query`);
    } catch (error) {
      if (error instanceof TidewaiterError && error.retryable) throw error;
      return failed(
        `its rows could not be read: ${error instanceof TidewaiterError ? error.message : reasonOf(error)}`,
      );
    }
  }

  async #read(list: ListName, q: string): Promise<NamedRow[]> {
    const fields: Fields = listFields[list];
    return this.lists.named(rowLists[list], parseQuery(q, fields, new Date()), maxRows + 1);
  }
}

function failed(problem: string): ViewReading {
  return { rows: null, problem };
}
