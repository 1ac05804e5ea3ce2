import { Controller, Get, Query } from '@nestjs/common';
import { type Preview, previewMessage, type Templates } from '@tidewaiter/messages';

import { previewQuery, readInput } from './requests.js';

/** What the templates in use are, and where links of messages lead. */
export class MessageWords {
  constructor(
    readonly templates: Templates,
    readonly consoleUrl: string,
  ) {}
}

/** Messages before anybody is sent one. */
@Controller('api/v1/messages')
export class MessagesController {
  constructor(private readonly words: MessageWords) {}

  /** A message about an image that nobody has. */
  @Get('preview')
  preview(@Query() query: unknown): Preview {
    const { kind, channel } = readInput(previewQuery, query);
    return previewMessage(kind, channel, this.words);
  }
}
