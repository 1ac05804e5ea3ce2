import { Injectable } from '@nestjs/common';
import { InvalidInput, LimitExceeded, NotFound } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { type Queries, Store, type Transaction } from '../core/store.js';
import type { ApiCaller } from './caller.js';
import { SavedViewRow } from './saved-view-row.js';

const columns = columnsOf(SavedViewRow);
const watchedColumns = columns.computed<{ watchProblem: string | null }>({
  watchProblem: '(SELECT problem FROM view_watch WHERE view_id = saved_view.id)',
});

export type SavedView = RowOf<typeof columns>;

/** A view, and why its receiver cannot be notified. */
export type ListedView = RowOf<typeof watchedColumns>;

/** Parts of a view that its owner chooses. */
export type ViewChange = Pick<SavedView, 'name' | 'visibility' | 'list' | 'q' | 'sort' | 'isPinned' | 'receiver'>;

type Viewer = Pick<ApiCaller, 'kind' | 'name' | 'scopes'>;

/** Views that one account may keep. */
const maxViews = 100;
/** Views of one account that notify a receiver: each is looked at every minute. */
const maxWatched = 20;
/** Views that a caller is shown, own ones first. */
const maxShown = 500;

/** Views of accounts. Who sees a view is decided here, as its text may name what limits hide. */
@Injectable()
export class SavedViews {
  constructor(private readonly store: Store) {}

  /** Own views and shared ones, by name. */
  async visibleTo(viewer: Viewer): Promise<ListedView[]> {
    return this.store.unlimited(async () =>
      this.store.rows(watchedColumns, `FROM saved_view WHERE ${isVisible} ORDER BY NOT ${isOwn}, name, id LIMIT $4`, [
        ...parametersOf(viewer),
        maxShown,
      ]),
    );
  }

  /** @throws InvalidInput `VIEW_EXISTS`; LimitExceeded `TOO_MANY_VIEWS` */
  async add(owner: Viewer, change: ViewChange): Promise<SavedView> {
    return this.#change(async (tx) => {
      const own = await tx.rows(columns, 'FROM saved_view WHERE (owner_kind, owner) = ($1, $2) FOR UPDATE', [
        ...[owner.kind, owner.name],
      ]);
      if (own.length >= maxViews) throw new LimitExceeded('TOO_MANY_VIEWS', `an account keeps up to ${maxViews} views`);
      const { name, visibility, list, q, sort, isPinned, receiver } = change;
      if (receiver !== null) checkWatched(own);
      const [added] = await tx.returning(
        columns,
        `INSERT INTO saved_view (id, name, owner_kind, owner, visibility, list, q, sort, is_pinned, receiver)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (owner_kind, owner, name) DO NOTHING`,
        [uuidv7(), name, owner.kind, owner.name, visibility, list, q, sort, isPinned, receiver],
      );
      if (!added) throw new InvalidInput('VIEW_EXISTS', `you have a view ${name} already`);
      tx.record({ subject: name, before: null, after: added });
      return added;
    });
  }

  /**
   * Replaces a view.
   * @param mayChange decides about the view as it is stored
   * @throws NotFound `VIEW_UNKNOWN`; InvalidInput `VIEW_EXISTS`
   */
  async replace(
    viewer: Viewer,
    id: string,
    change: ViewChange,
    mayChange: (view: SavedView) => void,
  ): Promise<SavedView> {
    return this.#change(async (tx) => {
      const before = await lockedView(tx, viewer, id);
      mayChange(before);
      const { name, visibility, list, q, sort, isPinned, receiver } = change;
      if (receiver !== null && before.receiver === null)
        checkWatched(
          await tx.rows(columns, 'FROM saved_view WHERE (owner_kind, owner) = ($1, $2)', [
            before.ownerKind,
            before.owner,
          ]),
        );
      const [taken] = await tx.rows(
        columns,
        'FROM saved_view WHERE (owner_kind, owner, name) = ($1, $2, $3) AND id <> $4',
        [before.ownerKind, before.owner, name, id],
      );
      if (taken) throw new InvalidInput('VIEW_EXISTS', `${before.owner} has a view ${name} already`);
      const [after] = await tx.returning(
        columns,
        'UPDATE saved_view SET name = $2, visibility = $3, list = $4, q = $5, sort = $6, is_pinned = $7, receiver = $8 WHERE id = $1',
        [id, name, visibility, list, q, sort, isPinned, receiver],
      );
      tx.record({ subject: name, before, after: after! });
      return after!;
    });
  }

  /** @throws NotFound `VIEW_UNKNOWN` */
  async delete(viewer: Viewer, id: string, mayChange: (view: SavedView) => void): Promise<void> {
    await this.#change(async (tx) => {
      const before = await lockedView(tx, viewer, id);
      mayChange(before);
      await tx.query('DELETE FROM saved_view WHERE id = $1', [id]);
      tx.record({ subject: before.name, before, after: null });
    });
  }

  async #change<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.store.unlimited(async () => this.store.transaction(work));
  }
}

/** @throws LimitExceeded `TOO_MANY_VIEWS` */
function checkWatched(own: readonly SavedView[]): void {
  if (own.filter(({ receiver }) => receiver !== null).length < maxWatched) return;
  throw new LimitExceeded('TOO_MANY_VIEWS', `up to ${maxWatched} views of an account notify a receiver`);
}

/** Whether the viewer of `parametersOf` owns a view. */
const isOwn = '((owner_kind, owner) = ($1, $2))';
const isVisible = `(${isOwn} OR visibility = 'everyone' OR (visibility = 'unlimited' AND NOT $3::boolean))`;

function parametersOf({ kind, name, scopes }: Viewer): unknown[] {
  return [kind, name, scopes !== null];
}

/** A view that the viewer does not see does not exist. @throws NotFound `VIEW_UNKNOWN` */
async function lockedView(tx: Queries, viewer: Viewer, id: string): Promise<SavedView> {
  const [view] = await tx.rows(columns, `FROM saved_view WHERE id = $4 AND ${isVisible} FOR UPDATE`, [
    ...parametersOf(viewer),
    id,
  ]);
  if (!view) throw new NotFound('VIEW_UNKNOWN', `no view ${id}`);
  return view;
}
