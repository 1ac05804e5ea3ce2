import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { AccessDenied, includesRole, InvalidInput } from '@tidewaiter/domain';
import { type Fields, listFields, type ListName, parseQuery } from '@tidewaiter/query';
import { type ApiCaller, type ListedView, Lists, type ListTotal, type SavedView, SavedViews } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import { ListAccess } from '../lists/list-access.js';
import { listCatalog } from '../lists/list-catalog.js';
import { viewAnswer, viewBody, viewsAnswer, viewsQuery } from './view-schemas.js';

type ViewAnswer = z.output<typeof viewAnswer>;
type ViewBody = z.output<typeof viewBody>;

/** Views that one request counts. */
const maxCounted = 20;

/** Queries of lists that accounts keep under a name. */
@Controller('api/v1/views')
export class ViewsController {
  constructor(
    private readonly views: SavedViews,
    private readonly lists: Lists,
    private readonly access: ListAccess,
  ) {}

  @Get()
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Saved views: own ones, then shared ones', answer: viewsAnswer })
  async list(
    @Query({ schema: viewsQuery }) { pinned, count }: z.output<typeof viewsQuery>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof viewsAnswer>> {
    const all = await this.views.visibleTo(caller);
    const shown = all.filter(({ isPinned }) => pinned === undefined || isPinned);
    const items: ViewAnswer[] = [];
    // One after another: a page of views must not take every connection.
    for (const [index, view] of shown.entries()) {
      const counted =
        count === 'true' && index < maxCounted ? await this.#count(view, caller) : { total: null, problem: null };
      items.push(describe(view, caller, counted));
    }
    return { items, next: null };
  }

  @Post()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    action: 'view.saved',
    summary: 'Saves a query of a list under a name; a shared one needs the role maintainer',
    answer: viewAnswer,
  })
  async add(@Body({ schema: viewBody }) body: ViewBody, @Caller() caller: ApiCaller): Promise<ViewAnswer> {
    this.access.require(body.list, caller);
    checkQuery(body);
    checkSharing(body, caller);
    checkReceiver(body.receiver, null, caller);
    return describe(await this.views.add(caller, body), caller);
  }

  @Put(':id')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    action: 'view.saved',
    summary: 'Replaces a view of the caller; a shared one of others needs the role maintainer',
    answer: viewAnswer,
  })
  async replace(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: viewBody }) body: ViewBody,
    @Caller() caller: ApiCaller,
  ): Promise<ViewAnswer> {
    this.access.require(body.list, caller);
    checkQuery(body);
    checkSharing(body, caller);
    const check = (view: SavedView) => {
      checkChange(view, caller);
      checkReceiver(body.receiver, view.receiver, caller);
    };
    return describe(await this.views.replace(caller, id, body, check), caller);
  }

  @Delete(':id')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    action: 'view.deleted',
    summary: 'Deletes a view of the caller; a shared one of others needs the role maintainer',
    status: 204,
  })
  async delete(@Param('id', { schema: idParameter }) id: string, @Caller() caller: ApiCaller): Promise<void> {
    await this.views.delete(caller, id, (view) => checkChange(view, caller));
  }

  /** Counts within the limits of the caller, which may differ from those of the owner. */
  async #count(
    { list, q }: SavedView,
    caller: ApiCaller,
  ): Promise<{ total: ListTotal | null; problem: string | null }> {
    const name = list as ListName;
    try {
      this.access.require(name, caller);
      const where = parseQuery(q, fieldsOf(name), new Date());
      return { total: await this.lists.total(listCatalog[name].list, where), problem: null };
    } catch (error) {
      if (error instanceof InvalidInput || error instanceof AccessDenied)
        return { total: null, problem: error.message };
      throw error;
    }
  }
}

/** Fields of a list that is known at run time only. */
function fieldsOf(list: ListName): Fields {
  return listFields[list];
}

/** @throws InvalidInput `QUERY_INVALID`, `INPUT_INVALID` */
function checkQuery({ list, q, sort }: ViewBody): void {
  parseQuery(q, fieldsOf(list), new Date());
  const sorts = Object.keys(listCatalog[list].list.sorts);
  if (sort !== null && !sorts.includes(sort.replace(/^-/, '')))
    throw new InvalidInput('INPUT_INVALID', `sort: ${list} has the orders ${sorts.join(', ')}`);
}

/** @throws AccessDenied `ROLE_MISSING` */
function checkSharing({ visibility }: ViewBody, { role }: ApiCaller): void {
  if (visibility === 'private' || includesRole(role, 'maintainer')) return;
  throw new AccessDenied('ROLE_MISSING', `a shared view needs the role maintainer, and yours is ${role}`);
}

/** @throws AccessDenied `ROLE_MISSING` */
function checkReceiver(receiver: string | null, before: string | null, { role }: ApiCaller): void {
  if (receiver === null || receiver === before || includesRole(role, 'responder')) return;
  throw new AccessDenied('ROLE_MISSING', `to notify a receiver needs the role responder, and yours is ${role}`);
}

/** @throws AccessDenied `ROLE_MISSING` */
function checkChange(view: SavedView, caller: ApiCaller): void {
  if (mayChange(view, caller)) return;
  throw new AccessDenied(
    'ROLE_MISSING',
    `a view of ${view.owner} needs the role maintainer, and yours is ${caller.role}`,
  );
}

function isOwn(view: SavedView, caller: ApiCaller): boolean {
  return view.ownerKind === caller.kind && view.owner === caller.name;
}

function mayChange(view: SavedView, caller: ApiCaller): boolean {
  return isOwn(view, caller) || includesRole(caller.role, 'maintainer');
}

function describe(
  view: SavedView & Partial<ListedView>,
  caller: ApiCaller,
  counted: Pick<ViewAnswer, 'total' | 'problem'> = { total: null, problem: null },
): ViewAnswer {
  const { ownerKind: _, list, ...shown } = view;
  return {
    ...shown,
    list: list as ListName,
    watchProblem: view.watchProblem ?? null,
    isOwn: isOwn(view, caller),
    mayChange: mayChange(view, caller),
    ...counted,
  };
}
