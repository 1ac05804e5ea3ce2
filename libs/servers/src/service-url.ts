import { createHmac } from 'node:crypto';

/**
 * Address of a server for one of its users. The password follows from that of the owner, which does
 * not follow from it, so that one secret is enough to make all of them.
 */
export function serviceUrl(ownerUrl: string, user: string): string {
  const url = new URL(ownerUrl);
  url.password = servicePassword(decodeURIComponent(url.password), user);
  url.username = user;
  return url.href;
}

/** In the alphabet of Base64url, which needs no quotes anywhere. */
export function servicePassword(ownerPassword: string, user: string): string {
  return createHmac('sha256', ownerPassword).update(user).digest('base64url');
}
