import { Controller, Get, Query, Res } from '@nestjs/common';
import { type Preview, previewMessage, type Templates } from '@tidewaiter/messages';
import type { FastifyReply } from 'fastify';

import { readInput } from '../http/requests.js';
import { mailPreviewQuery, previewQuery } from './message-schemas.js';

/** Templates in use, and the base URL of links in messages. */
export class MessageWords {
  constructor(
    readonly templates: Templates,
    readonly consoleUrl: string,
  ) {}
}

/**
 * Security policy of a mail preview: inline styles are allowed, nothing runs or is loaded, and only
 * the console's own pages may frame it.
 */
const mailSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/** Previews of messages. */
@Controller('api/v1/messages')
export class MessagesController {
  constructor(private readonly words: MessageWords) {}

  /** Renders a sample message about a fictitious image. */
  @Get('preview')
  preview(@Query() query: unknown): Preview {
    const { kind, channel } = readInput(previewQuery, query);
    return previewMessage(kind, channel, this.words);
  }

  /** Renders the mail as a page of its own, for a frame. */
  @Get('preview/mail')
  mail(@Query() query: unknown, @Res({ passthrough: true }) reply: FastifyReply): string {
    const { kind } = readInput(mailPreviewQuery, query);
    const { mediaType, content } = previewMessage(kind, 'email', this.words);
    void reply.headers({ 'content-type': mediaType, 'content-security-policy': mailSecurityPolicy });
    return content;
  }
}
