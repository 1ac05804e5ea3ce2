import { Controller, Get } from '@nestjs/common';
import {
  Advisories,
  AdvisoryAges,
  AdvisoryFeeds,
  FileEntries,
  Jobs,
  ManagedEntries,
  Pushes,
  ServiceConfigurations,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { AdmissionService } from '../admission/admission-service.js';
import { Operation } from '../http/operation.js';
import { statusAnswer } from './status-schemas.js';

@Controller('api/v1/status')
export class StatusController {
  constructor(
    private readonly pushes: Pushes,
    private readonly jobs: Jobs,
    private readonly advisories: Advisories,
    private readonly feeds: AdvisoryFeeds,
    private readonly admission: AdmissionService,
    private readonly ages: AdvisoryAges,
    private readonly configurations: ServiceConfigurations,
    private readonly fileEntries: FileEntries,
    private readonly entries: ManagedEntries,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Pushes by state, queued work, age of the advisories',
    answer: statusAnswer,
  })
  async get(): Promise<z.output<typeof statusAnswer>> {
    const [pushes, queues, advisories, feeds, ages, running, overridden, routing] = await Promise.all([
      this.pushes.countByState(),
      this.jobs.backlogs(),
      this.advisories.status(),
      this.feeds.feeds(),
      this.ages.all(),
      this.configurations.running(),
      this.fileEntries.overriding(),
      this.entries.get('routing', 'routing'),
    ]);
    const admission = { allowedUnscanned: this.admission.allowedUnscanned };
    const shown = feeds.map(({ etag: _, lastModified: __, ...feed }) => feed);
    const configuration = running.map(({ service, instance, loadedAt, errorCode, errorMessage }) => ({
      service,
      instance,
      loadedAt,
      error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
    }));
    // A notifier with a file reports that also where no routing was saved.
    const byServices = routing === null ? [] : running.flatMap((each) => each.overridden);
    const names = new Set([...overridden, ...byServices]);
    return {
      pushes,
      queues,
      advisories: { ...advisories, feeds: shown, ages },
      admission,
      configuration,
      overridden: [...names],
    };
  }
}
