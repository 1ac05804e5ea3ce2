import { Controller, Get, Injectable, Query, Res } from '@nestjs/common';
import { Templates } from '@tidewaiter/messages';
import { type Preview, previewMessage } from '@tidewaiter/receivers';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

import { ConsoleConfig } from '../config.js';
import { Operation } from '../http/operation.js';
import { mailPreviewQuery, previewQuery, previewAnswer } from './message-schemas.js';

/** Templates in use, and the base URL of links in messages. */
@Injectable()
export class MessageWords {
  readonly consoleUrl: string;

  constructor(
    readonly templates: Templates,
    { publicUrl, httpPort }: ConsoleConfig,
  ) {
    this.consoleUrl = publicUrl ?? `http://127.0.0.1:${httpPort}`;
  }
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
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Preview of a message with sample data, as a channel shows it',
    answer: previewAnswer,
  })
  preview(@Query({ schema: previewQuery }) { kind, channel }: z.output<typeof previewQuery>): Preview {
    return previewMessage(kind, channel, this.words);
  }

  /** Renders the mail as a page of its own, for a frame. */
  @Get('preview/mail')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'The same preview as the HTML of a mail, for a frame',
    mediaType: 'text/html',
    answer: z.string(),
  })
  mail(
    @Query({ schema: mailPreviewQuery }) query: z.output<typeof mailPreviewQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): string {
    const { kind } = query;
    const { mediaType, content } = previewMessage(kind, 'email', this.words);
    void reply.headers({ 'content-type': mediaType, 'content-security-policy': mailSecurityPolicy });
    return content;
  }
}
