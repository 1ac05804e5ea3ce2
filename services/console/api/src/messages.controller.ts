import { Controller, Get, Query, Res } from '@nestjs/common';
import { type Preview, previewMessage, type Templates } from '@tidewaiter/messages';
import type { FastifyReply } from 'fastify';

import { mailPreviewQuery, previewQuery, readInput } from './requests.js';

/** What the templates in use are, and where links of messages lead. */
export class MessageWords {
  constructor(
    readonly templates: Templates,
    readonly consoleUrl: string,
  ) {}
}

/** Styles of a mail stand in its HTML. Nothing of it runs, nothing is loaded, and only the console's own pages show it. */
const mailSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

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

  /** The mail as a page of its own, for a frame. */
  @Get('preview/mail')
  mail(@Query() query: unknown, @Res({ passthrough: true }) reply: FastifyReply): string {
    const { kind } = readInput(mailPreviewQuery, query);
    const { mediaType, content } = previewMessage(kind, 'email', this.words);
    void reply.headers({ 'content-type': mediaType, 'content-security-policy': mailSecurityPolicy });
    return content;
  }
}
