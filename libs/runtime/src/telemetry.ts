import { setTimeout as sleep } from 'node:timers/promises';

import { context, type Context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const flushWithinMs = 2_000;

let provider: TracerProvider | undefined;

/**
 * Starts tracing for this process, once for all services in it. Trace ids are always generated,
 * since logs and messages are correlated by them; spans are exported only if there is an endpoint.
 */
export function startTelemetry(otlpEndpoint: string | undefined): void {
  if (provider) return;
  const exporter = otlpEndpoint && new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/$/, '')}/v1/traces` });
  provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'tidewaiter', 'service.name': 'tidewaiter' }),
    spanProcessors: exporter ? [new BatchSpanProcessor({ exporter })] : [],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
}

/**
 * Flushes buffered spans, for two seconds at most: a slow collector must not keep a service from
 * stopping.
 */
export async function stopTelemetry(): Promise<void> {
  const flushed = provider?.forceFlush().catch(() => undefined);
  await Promise.race([flushed, sleep(flushWithinMs, undefined, { ref: false })]);
}

interface SpanOptions {
  /** W3C `traceparent` of the parent; by default the active span is the parent. */
  traceparent?: string | undefined;
  kind: keyof typeof kinds;
  attributes?: Record<string, string | number>;
}

const kinds = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER };

/** Runs `work` inside a span that ends with it and records its error. */
export async function withSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const kind = kinds[options.kind];
  const span = trace
    .getTracer('tidewaiter')
    .startSpan(name, { kind, attributes: options.attributes }, parentOf(options));
  try {
    return await context.with(trace.setSpan(context.active(), span), work);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
    throw error;
  } finally {
    span.end();
  }
}

function parentOf({ traceparent }: SpanOptions): Context {
  return traceparent ? propagation.extract(ROOT_CONTEXT, { traceparent }) : context.active();
}

/** W3C `traceparent` of the active span, for propagation; undefined outside of any span. */
export function currentTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}
