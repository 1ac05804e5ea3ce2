import { type ArgumentsHost, applyDecorators, Catch, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { Consumer, EventType } from '@tidewaiter/events';
import { type Observable, throwError } from 'rxjs';

/** Metadata of a handler for the transport. */
export interface Subscription {
  consumer: Consumer;
}

// Without this, Nest replaces the error by "Internal server error", and the bus cannot choose
// between retry and dead letter.
@Catch()
class PassErrorOn implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Makes a method the handler of an event for a durable consumer. The method returns when its
 * effects are committed, or throws; the bus owns ack, retry and dead letter. It may be called again
 * for the same event.
 */
export function Subscribe(consumer: Consumer, event: EventType): MethodDecorator {
  return applyDecorators(
    EventPattern(event.channel, undefined, { subscription: { consumer } satisfies Subscription }),
    UseFilters(new PassErrorOn()),
  );
}
