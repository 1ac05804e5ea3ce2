import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type ApiCaller, type RowLimits, ScopedRows, Store } from '@tidewaiter/store';
import { defer, from, lastValueFrom, type Observable } from 'rxjs';

import type { CallersRequest } from './access-guard.js';

/** Limits of callers as the store applies them. */
@Injectable()
export class CallerLimits {
  constructor(private readonly settings: TidewaiterSettings) {}

  /** Null for a caller without limits. */
  of({ scopes }: Pick<ApiCaller, 'scopes'>): RowLimits | null {
    return scopes && new ScopedRows(scopes, this.settings.owners.rules);
  }
}

/** Runs methods within the limits of their callers, outside of which they read nothing. */
@Injectable()
export class ScopeInterceptor implements NestInterceptor {
  constructor(
    private readonly store: Store,
    private readonly limits: CallerLimits,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { caller } = context.switchToHttp().getRequest<CallersRequest>();
    const limits = caller ? this.limits.of(caller) : null;
    const handle = async (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    return defer(() => from(limits ? this.store.within(limits, handle) : this.store.unlimited(handle)));
  }
}
