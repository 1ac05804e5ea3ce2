import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { FileEntries } from '@tidewaiter/store';

/** Stores the entries of `tidewaiter.yaml`, so that lists show them beside the managed ones. */
@Injectable()
export class FileEntryListing implements OnApplicationBootstrap {
  constructor(
    private readonly settings: TidewaiterSettings,
    private readonly files: FileEntries,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.files.replace(this.settings.fileEntries);
  }
}
