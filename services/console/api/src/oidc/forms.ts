import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export const backChannelLogout = 'oidc/back-channel-logout';

/**
 * Reads the forms in which identity providers send logout tokens. Other routes take none: any site
 * can make a browser send a form, but not JSON.
 */
export function readForms(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (request, body, done) => {
      if (request.url.endsWith(`/${backChannelLogout}`))
        return done(null, Object.fromEntries(new URLSearchParams(String(body))));
      return done(Object.assign(new Error('send JSON'), { statusCode: 415 }));
    });
}
