import { type BeforeApplicationShutdown, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';

import { Logger } from './logger.js';
import { repeat, type Repetition, type PeriodicWork } from './repeat.js';

const pauseKey = Symbol('every');

/**
 * Runs a method of a provider from the start of the service, again `pauseMs` after each end, until
 * the service stops. Runs of a method never overlap, and an error is logged and does not end them.
 * The signal is aborted at the stop, which waits for a run in progress.
 */
export const Every =
  (pauseMs: number) =>
  <Method extends PeriodicWork>(_target: object, _key: string, { value }: TypedPropertyDescriptor<Method>): void => {
    Reflect.defineMetadata(pauseKey, pauseMs, value!);
  };

/** Starts the methods of an object that have an {@link Every}. */
export function startEvery(instance: object, logger: Logger): Repetition {
  const prototype = Object.getPrototypeOf(instance) as object;
  const repetitions = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) => {
    if (typeof value !== 'function') return [];
    const pauseMs = Reflect.getMetadata(pauseKey, value as object) as number | undefined;
    if (pauseMs === undefined) return [];
    const run = (value as PeriodicWork).bind(instance);
    return [repeat(run, pauseMs, logger, { task: `${instance.constructor.name}.${name}` })];
  });
  return {
    async stop() {
      await Promise.all(repetitions.map(async (each) => each.stop()));
    },
  };
}

/** Runs the methods with an {@link Every} of all providers. */
@Injectable()
class EveryRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: Repetition[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const instances = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    const objects = instances.filter((each): each is object => typeof each === 'object' && each !== null);
    this.#running = [...new Set(objects)].map((each) => startEvery(each, this.logger));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.#running.map(async (each) => each.stop()));
  }
}

/**
 * Imported after the module of the service: its hook is then the last one at the start and the
 * first one at the stop, so that runs find all that they use.
 */
@Module({ imports: [DiscoveryModule], providers: [EveryRunner] })
export class EveryModule {}
