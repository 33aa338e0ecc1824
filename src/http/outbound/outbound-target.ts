import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.js';

/** What this instance lets itself call. */
export interface OutboundRules {
  /** Whether `http://` will do. */
  readonly allowHttp: boolean;
  /** Whether addresses that are not of the public internet will do. */
  readonly allowPrivate: boolean;
}

/**
 * `unusable`: no URL of the web. `credentials`: it carries a name and password. `insecure`: not `https://`.
 * `private`: it names an address that is not of the public internet.
 */
export type TargetFault = 'unusable' | 'credentials' | 'insecure' | 'private';

/**
 * The URL that a text names, or why this instance does not call it. A name may still lead to a private address:
 * that is seen when it is looked up, by `publicLookup`.
 */
export function outboundTargetOf(text: string, rules: OutboundRules): URL | TargetFault {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'unusable';
  if (url.username || url.password) return 'credentials';
  if (url.protocol === 'http:' && !rules.allowHttp) return 'insecure';
  // A literal address is never looked up, so it is checked here.
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) && !rules.allowPrivate && !isPublicAddress(literal)) return 'private';
  return url;
}
