import { type ArgumentsHost, applyDecorators, Catch, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { Consumer, EventType } from '@tidewaiter/events';
import { type Observable, throwError } from 'rxjs';

/** What the transport needs to know of a handler. */
export interface Subscription {
  consumer: Consumer;
}

// Without this, Nest hides what was thrown behind "Internal server error", and the bus could not tell a retry from a dead letter.
@Catch()
class PassErrorOn implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Makes a method the handler of an event for a durable consumer. The method returns when its effects are committed, or throws;
 * ack, retry and dead letter are the bus's. It may be called again for the same event.
 */
export function Subscribe(consumer: Consumer, event: EventType): MethodDecorator {
  return applyDecorators(
    EventPattern(event.channel, undefined, { subscription: { consumer } satisfies Subscription }),
    UseFilters(new PassErrorOn()),
  );
}
