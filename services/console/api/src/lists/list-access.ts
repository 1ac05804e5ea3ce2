import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { ApiCaller } from '@tidewaiter/store';

import { requireAccess } from '../auth/access-guard.js';
import type { ApiOperation } from '../http/operation.js';
import { apiMethods } from '../openapi/api-methods.js';
import type { FilteredList } from './list-catalog.js';

/** Access to lists: what completes or counts a list reads it, and needs what its route needs. */
@Injectable()
export class ListAccess {
  #operations: ReadonlyMap<string, ApiOperation | undefined> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws AccessDenied `ROLE_MISSING`, `SCOPE_INSUFFICIENT` */
  require(list: FilteredList, caller: ApiCaller): void {
    this.#operations ??= this.#listed();
    requireAccess(this.#operations.get(`/api/v1/${list}`), caller);
  }

  #listed(): ReadonlyMap<string, ApiOperation | undefined> {
    const methods = apiMethods(this.discovery.getControllers().flatMap(({ metatype }) => metatype ?? []));
    return new Map(methods.flatMap(({ method, path, operation }) => (method === 'get' ? [[path, operation]] : [])));
  }
}
